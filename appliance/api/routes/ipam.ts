/**
 * IPAM over REST, under `ipam/`: who has which address, how full pools are, and what may be done about it. Ours: Kubernetes has no such verbs.
 * Rights are those of the resources it is about, so that roles need no new words: `ipamblocks`, `ipamconfigurations`, `ippools`.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ReleaseRequest } from '../../ipam/release.ts';
import { isRecord } from '../../lib/is-record.ts';
import type { ApiContext } from '../context.ts';
import { apiErrors } from '../errors.ts';
import { describeChange, describeRoute } from '../openapi/describe.ts';
import { parameters } from '../openapi/parameters.ts';
import type { RouteAccess } from '../plugins/access.ts';
import { commitsOf } from '../plugins/audit.ts';
import { type Handler, queryOf } from './target.ts';

const group = 'projectcalico.org';
const root = `/apis/${group}/v3/ipam`;

const textual = { type: 'string' };
const answers = { 'application/json': 'IpamAnswer' };
const address = {
  type: 'object',
  properties: { ip: textual, handle: textual, sequenceNumber: textual },
  required: ['ip'],
};
const handle = { type: 'object', properties: { id: textual, revision: textual }, required: ['id'] };
const list = (items: object) => ({ type: 'array', items });
const released = { type: 'object', properties: { addresses: list(address), handles: list(handle) } };
const parted = {
  type: 'object',
  properties: { name: textual, cidr: textual, parts: { type: 'number' } },
  required: ['parts'],
};
const change = (body: object) =>
  ({ code: 200, answer: 'IpamAnswer', body, query: { dryRun: parameters.dryRun } }) as const;

/** What the document says of the routes. */
const described: Readonly<Record<string, { readonly schema: Record<string, unknown> }>> = {
  'GET utilisation': describeRoute('getIpamUtilisation', 'How full the pools are', answers),
  'GET borrowed': describeRoute('getIpamBorrowed', "Addresses hosts have out of others' blocks", answers),
  'GET check': describeRoute('getIpamCheck', 'What does not fit together in the books of addresses', answers),
  'GET addresses/:name': describeRoute('getIpamAddress', 'Who has an address', answers, {
    'x-calico-failures': 'get',
    params: { type: 'object', properties: { name: textual } },
  }),
  'GET configuration': describeRoute('getIpamConfiguration', 'How addresses are managed', answers),
  'PATCH configuration': describeChange(
    'patchIpamConfiguration',
    'Change how they are managed',
    change({ type: 'object' }),
  ),
  'POST release': describeChange('postIpamRelease', 'Give addresses back', change(released)),
  'POST split': describeChange('postIpamSplit', 'Split a pool', change(parted)),
};

/** Serves it. */
export function serveIpam(app: FastifyInstance, { ipam }: ApiContext): void {
  const add = (method: 'GET' | 'PATCH' | 'POST', path: string, access: Partial<RouteAccess>, handler: Handler) =>
    app.route({
      method,
      url: `${root}/${path}`,
      schema: described[`${method} ${path}`]!.schema,
      config: { access: { group, resource: 'ipamblocks', subresource: '', verb: 'list', ...access } },
      handler,
    });
  add('GET', 'utilisation', {}, async () => ({ pools: await ipam.utilisation() }));
  add('GET', 'borrowed', {}, () => ipam.borrowing());
  add('GET', 'check', {}, () => ipam.check());
  add('GET', 'addresses/:name', { verb: 'get' }, async (request) => {
    const { name } = request.params as { name: string };
    return { ip: name, assignment: (await ipam.assignment(name)) ?? null };
  });
  const config = { resource: 'ipamconfigurations' };
  add('GET', 'configuration', { ...config, verb: 'get' }, () => ipam.config());
  add('PATCH', 'configuration', { ...config, verb: 'patch' }, (request) =>
    ipam.configure(bodyOf(request), optionsOf(request)),
  );
  add('POST', 'release', { subresource: 'release', verb: 'create' }, (request) =>
    ipam.release(releaseRequest(bodyOf(request)), optionsOf(request)),
  );
  add('POST', 'split', { resource: 'ippools', subresource: 'split', verb: 'create' }, async (request) => ({
    pools: await ipam.split(splitRequest(bodyOf(request)), optionsOf(request)),
  }));
}

function optionsOf(request: FastifyRequest) {
  const { dryRun = '' } = queryOf(request);
  if (dryRun !== '' && dryRun !== 'All') throw apiErrors.fail('API_BAD_REQUEST', `dryRun: must be All, not ${dryRun}`);
  return { isDryRun: dryRun === 'All', onCommit: commitsOf(request) };
}

function bodyOf(request: FastifyRequest): Record<string, unknown> {
  if (isRecord(request.body)) return request.body;
  throw apiErrors.fail('API_BAD_REQUEST', 'the body must be one object');
}

function releaseRequest(body: Record<string, unknown>): ReleaseRequest {
  const { addresses = [], handles = [] } = body;
  return {
    addresses: objectsIn(addresses, 'addresses').map((one, i) => ({
      ip: text(one.ip, `addresses[${i}].ip`),
      ...optional(one, 'handle', `addresses[${i}]`),
      ...optional(one, 'sequenceNumber', `addresses[${i}]`),
    })),
    handles: objectsIn(handles, 'handles').map((one, i) => ({
      id: text(one.id, `handles[${i}].id`),
      ...optional(one, 'revision', `handles[${i}]`),
    })),
  };
}

function splitRequest({ name, cidr, parts }: Record<string, unknown>) {
  if ((name === undefined) === (cidr === undefined))
    throw apiErrors.fail('API_BAD_REQUEST', 'either name or cidr must say which pool');
  if (typeof parts !== 'number') throw apiErrors.fail('API_BAD_REQUEST', 'parts: must be a number');
  return { parts, ...(name === undefined ? { cidr: text(cidr, 'cidr') } : { name: text(name, 'name') }) };
}

function objectsIn(value: unknown, path: string): Record<string, unknown>[] {
  if (Array.isArray(value) && value.every(isRecord)) return value;
  throw apiErrors.fail('API_BAD_REQUEST', `${path}: must be a list of objects`);
}

function optional(one: Record<string, unknown>, name: string, path: string): Record<string, string> {
  return one[name] === undefined ? {} : { [name]: text(one[name], `${path}.${name}`) };
}

function text(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  throw apiErrors.fail('API_BAD_REQUEST', `${path}: must be text`);
}
