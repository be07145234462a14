/**
 * One line for every change, and every try: who, from where, what, and the revisions before and after. Never a body: objects may hold
 * passwords. Source: Kubernetes documentation, "Auditing", level Metadata.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ResourceAttributes } from '../../access/rule.ts';
import type { Commit } from '../../datastore/resources/write.ts';
import type { Logger } from '../../lib/log.ts';
import { attributesOf, originOf } from './access.ts';
import { identityOf, isAuthenticated } from './authenticate.ts';

/** A review is posted, but changes nothing. */
function isReview({ resource }: ResourceAttributes): boolean {
  return resource.endsWith('reviews');
}

const reads: readonly string[] = ['get', 'list', 'watch'];

/** A commit, whatever it was of. */
type Told = Pick<Commit, 'before' | 'after'> & { readonly ref: { readonly namespace: string; readonly name: string } };

const commits = new WeakMap<FastifyRequest, Told[]>();

/** Writes the lines to `log`, after the answer. */
export function auditChanges(app: FastifyInstance, log: Logger): void {
  app.addHook('onResponse', async (request, reply) => {
    if (!isAuthenticated(request)) return;
    const attributes = attributesOf(request);
    if (attributes.type !== 'resource' || reads.includes(attributes.verb) || isReview(attributes)) return;
    const { user, groups } = identityOf(request);
    const { type: _, ...what } = attributes;
    const agent = request.headers['user-agent']?.slice(0, agentLettersMax);
    const caller = { user, groups, from: originOf(request), ...(agent !== undefined && { agent }) };
    const line = { ...caller, ...what, code: reply.statusCode, durationMs: Math.round(reply.elapsedTime) };
    const done = commits.get(request) ?? [];
    if (done.length === 0) log.info(line, 'change refused or without effect');
    for (const { ref, before, after } of done) {
      const { namespace, name } = ref;
      log.info({ ...line, namespace, name, before, after }, 'changed');
    }
  });
}

const agentLettersMax = 256;

/** For `onCommit` of writes: what was committed in the course of a request is told in its lines. */
export function commitsOf(request: FastifyRequest): (commit: Told) => void {
  const list: Told[] = [];
  commits.set(request, list);
  return (commit) => list.push(commit);
}
