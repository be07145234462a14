/**
 * How hosts join and stay joined: `/enrolment/v1/authority` for everybody, `/enrolment/v1/certificates` for whoever has a join token or
 * the certificate of a node, `/enrolment/v1/tokens` for administrators.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Identity, nodeOf } from '../../access/identity.ts';
import type { Enrolment } from '../../enrolment/issue.ts';
import { joinId } from '../../enrolment/join-token.ts';
import type { TokenRecord } from '../../enrolment/records.ts';
import { isRecord } from '../../lib/is-record.ts';
import { nodeNameProblem } from '../../pki/node-name.ts';
import type { ApiContext } from '../context.ts';
import { apiErrors } from '../errors.ts';
import { describeChange, describeRoute } from '../openapi/describe.ts';
import { originOf } from '../plugins/access.ts';
import { identityOf } from '../plugins/authenticate.ts';

const root = '/enrolment/v1';

const answers = { 'application/json': 'EnrolmentAnswer' };
const text = { type: 'string' };
const wish = {
  code: 201,
  failures: 'sign',
  answer: 'EnrolmentAnswer',
  body: { type: 'object', properties: { node: text, request: text }, required: ['node', 'request'] },
} as const;
const made = { code: 201, failures: 'sign', answer: 'EnrolmentAnswer', body: { type: 'object' } } as const;
const revoking = { 'x-calico-failures': 'get', params: { type: 'object', properties: { id: text } } };

export function serveEnrolment(app: FastifyInstance, { enrolment, audit }: ApiContext): void {
  if (enrolment === undefined) return;
  app.get(
    `${root}/authority`,
    {
      ...describeRoute('getAuthority', 'The certificate of the authority', answers),
      config: { guard: 'none' },
    },
    () => ({ authority: enrolment.authority() }),
  );
  app.post(
    `${root}/certificates`,
    { ...describeChange('postCertificate', 'A certificate for a host', wish), config: { guard: 'own' } },
    async (request, reply) => {
      const { node, csr } = readWish(request);
      const { token } = admit(identityOf(request), node);
      const issued = await enrolment.issue({ node, request: csr, token });
      audit.info({ user: identityOf(request).user, from: originOf(request), node }, 'certificate issued');
      return reply.code(201).send(issued);
    },
  );
  serveJoinTokens(app, enrolment, (request, id, message) =>
    audit.info({ user: identityOf(request).user, from: originOf(request), id }, message),
  );
}

/** A host without a certificate by its token; a host that has one for its own name. */
function admit(identity: Identity, node: string): { readonly token: string | undefined } {
  const { user, proof } = identity;
  if (proof === 'join-token') return { token: user.slice(user.lastIndexOf(':') + 1) };
  if (proof === 'certificate' && nodeOf(identity) === node) return { token: undefined };
  throw apiErrors.fail('API_FORBIDDEN', `${JSON.stringify(user)} may not have a certificate for node ${node}`);
}

type Tell = (request: FastifyRequest, id: string, message: string) => void;

function serveJoinTokens(app: FastifyInstance, enrolment: Enrolment, tell: Tell): void {
  app.get(`${root}/tokens`, describeRoute('listJoinTokens', 'Join tokens', answers), async () => ({
    items: (await enrolment.listTokens()).map(printRecord),
  }));
  app.post(`${root}/tokens`, describeChange('postJoinToken', 'Make a join token', made), async (request, reply) => {
    const { record, secret, pin, api } = await enrolment.createToken(readTokenWish(request));
    tell(request, record.id, 'join token created');
    return reply.code(201).send({ ...printRecord(record), secret, pin, api });
  });
  app.delete(
    `${root}/tokens/:id`,
    describeRoute('deleteJoinToken', 'Revoke a join token', answers, revoking),
    async (request) => {
      const { id } = request.params as { id: string };
      if (!joinId.test(id) || !(await enrolment.revokeToken(id)))
        throw apiErrors.fail('API_NO_SUCH_PATH', 'there is no such join token');
      tell(request, id, 'join token revoked');
      return { id };
    },
  );
}

function printRecord({ id, node, usesLeft, createdMs, expiresMs }: TokenRecord) {
  const [created, expires] = [new Date(createdMs).toISOString(), new Date(expiresMs).toISOString()];
  return { id, ...(node === undefined ? {} : { node }), usesLeft, created, expires };
}

function readWish({ body }: FastifyRequest): { readonly node: string; readonly csr: string } {
  const { node, request } = isRecord(body) ? body : {};
  if (typeof node !== 'string') throw apiErrors.fail('API_BAD_REQUEST', 'node: must be the name of a node');
  if (typeof request !== 'string') throw apiErrors.fail('API_BAD_REQUEST', 'request: must be a signing request in PEM');
  return { node, csr: request };
}

const ttlSeconds = { byDefault: 3600, least: 60, most: 30 * 86_400 };
const usesMost = 10_000;

function readTokenWish({ body }: FastifyRequest) {
  if (body !== undefined && !isRecord(body)) throw apiErrors.fail('API_BAD_REQUEST', 'the body must be one object');
  const wish = body ?? {};
  const { node } = wish;
  if (node !== undefined && typeof node !== 'string') throw apiErrors.fail('API_BAD_REQUEST', 'node: must be a text');
  const problem = node === undefined ? undefined : nodeNameProblem(node);
  if (problem !== undefined) throw apiErrors.fail('API_BAD_REQUEST', `node: ${problem}`);
  const seconds = wholeNumber(wish, 'ttlSeconds', ttlSeconds.byDefault, ttlSeconds.least, ttlSeconds.most);
  const uses = wholeNumber(wish, 'uses', 1, 1, usesMost);
  return { ...(node === undefined ? {} : { node }), ttlMs: seconds * 1000, uses };
}

function wholeNumber(
  wish: Record<string, unknown>,
  name: string,
  byDefault: number,
  least: number,
  most: number,
): number {
  const value = wish[name] ?? byDefault;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw apiErrors.fail('API_BAD_REQUEST', `${name}: must be a whole number from ${least} to ${most}`);
}
