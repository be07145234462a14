/** IPAM's blocks and handles as objects that kubectl gets and lists. Written by IPAM alone, so there is nothing else to ask of them. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Ipam } from '../../ipam/ipam.ts';
import type { ApiContext } from '../context.ts';
import { apiErrors } from '../errors.ts';
import { type IpamKind, type IpamObject, ipamKinds, printIpamObject, printMetadata } from '../ipam-kinds.ts';
import { describeRoute } from '../openapi/describe.ts';
import { parseAccept } from '../query/accept.ts';
import { parseFlag } from '../query/list-query.ts';
import { queryOf } from './target.ts';

const group = 'projectcalico.org';
const answers = { 'application/json': 'IpamAnswer' };
const named = { params: { type: 'object', properties: { name: { type: 'string' } } } };

/** Serves both kinds. */
export function serveIpamObjects(app: FastifyInstance, { ipam }: ApiContext): void {
  for (const kind of ipamKinds) serveObjects(app, kind, ipam);
}

/** GET of all, and of one by its name. */
function serveObjects(app: FastifyInstance, kind: IpamKind, ipam: Ipam): void {
  const all = `/apis/${group}/v3/${kind.plural}`;
  const access = { group, resource: kind.plural, subresource: '' };
  const read = async () => {
    const { revision, entries } = await ipam.stored(kind.list);
    const objects = entries.flatMap((entry) => {
      const object = kind.read(entry.id, entry.value);
      return object === undefined ? [] : [{ ...object, revision: entry.revision }];
    });
    return { revision, objects };
  };
  app.route({
    method: 'GET',
    url: all,
    schema: describeRoute(`list${kind.kind}`, `Every ${kind.kind}`, answers, { 'x-calico-failures': 'list' }).schema,
    config: { access: { ...access, verb: 'list' } },
    handler: async (request, reply) => {
      refuseOptions(request);
      const { revision, objects } = await read();
      return send(request, reply, kind, objects, revision);
    },
  });
  app.route({
    method: 'GET',
    url: `${all}/:name`,
    schema: describeRoute(`get${kind.kind}`, `One ${kind.kind}`, answers, { ...named, 'x-calico-failures': 'get' })
      .schema,
    config: { access: { ...access, verb: 'get' } },
    handler: async (request, reply) => {
      const { name } = request.params as { name: string };
      const found = (await read()).objects.find((object) => object.name === name);
      if (found === undefined) throw apiErrors.fail('API_NO_SUCH_PATH', `${kind.plural}.${group} "${name}"`);
      return send(request, reply, kind, [found], undefined);
    },
  });
}

/** What would be answered wrongly is refused: there are no labels to select by, and nothing tells of changes. */
function refuseOptions(request: FastifyRequest): void {
  const query = queryOf(request);
  if (parseFlag('watch', query.watch))
    throw apiErrors.fail('API_METHOD_NOT_ALLOWED', 'blocks and handles are not watched');
  for (const name of ['labelSelector', 'fieldSelector', 'continue'])
    if ((query[name] ?? '') !== '') throw apiErrors.fail('API_BAD_REQUEST', `${name}: blocks and handles have none`);
}

type Found = IpamObject & { readonly revision: number };

/** `revision` is that of a list; undefined for one object alone. */
function send(
  request: FastifyRequest,
  reply: FastifyReply,
  kind: IpamKind,
  objects: readonly Found[],
  revision: number | undefined,
): FastifyReply {
  const form = parseAccept(request.headers.accept);
  const print = form === 'object' ? (one: Found) => printIpamObject(kind, one, one.revision) : printPartial;
  const metadata = JSON.stringify({ resourceVersion: String(revision ?? objects[0]?.revision ?? '') });
  const list = (name: string, version: string) =>
    `{"kind":"${name}","apiVersion":"${version}","metadata":${metadata},"items":[${objects.map(print).join(',')}]}`;
  reply.type('application/json');
  if (form === 'table') return reply.send(printTable(kind, objects, metadata));
  if (revision === undefined) return reply.send(print(objects[0]!));
  return form === 'object'
    ? reply.send(list(`${kind.kind}List`, `${group}/v3`))
    : reply.send(list('PartialObjectMetadataList', 'meta.k8s.io/v1'));
}

function printPartial({ name, revision }: Found): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":${printMetadata(name, revision)}}`;
}

function printTable({ columns }: IpamKind, objects: readonly Found[], metadata: string): string {
  const name = { name: 'Name', type: 'string', format: 'name', description: 'Name of the object.', priority: 0 };
  const definitions = [name, ...columns.map((column) => ({ ...column, format: '', priority: 0 }))];
  const rows = objects.map(
    (one) => `{"cells":${JSON.stringify([one.name, ...one.cells])},"object":${printPartial(one)}}`,
  );
  return (
    `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":${metadata},` +
    `"columnDefinitions":${JSON.stringify(definitions)},"rows":[${rows.join(',')}]}`
  );
}
