/**
 * How much is asked, how long it takes, how many watch, and how far the store is: `/metrics` in Prometheus' text form, under the names of
 * Kubernetes' API server where it has them. Names of objects and users never become labels.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiContext } from '../context.ts';
import { hidden } from '../routes/health.ts';
import { attributesOf } from './access.ts';

/** Upper ends of the classes of durations, in seconds. */
const ends: readonly number[] = [0.005, 0.025, 0.1, 0.5, 1, 5, 30];

interface Durations {
  readonly counts: number[];
  sum: number;
  count: number;
}

/** Counts every request of `app`, and serves the counts. */
export function countRequests(app: FastifyInstance, context: ApiContext): void {
  const requests = new Map<string, number>();
  const durations = new Map<string, Durations>();
  let watches = 0;
  const counted = new WeakSet<FastifyRequest>();
  app.addHook('preHandler', async (request) => {
    if (subjectOf(request).verb !== 'WATCH') return;
    counted.add(request);
    watches++;
  });
  app.addHook('onResponse', async (request, reply) => {
    if (counted.delete(request)) watches--;
    const { verb, resource } = subjectOf(request);
    const what = `verb="${verb}",resource="${resource}"`;
    const key = `${what},code="${reply.raw.statusCode}"`;
    requests.set(key, (requests.get(key) ?? 0) + 1);
    // how long a watch lasts is its client's choice
    if (verb !== 'WATCH') observe(durations, what, reply.elapsedTime / 1000);
  });
  app.get('/metrics', hidden, async (_request, reply) => {
    const lines = [
      ...printHead('apiserver_request_total', 'counter', 'Requests that were answered.'),
      ...[...requests].map(([labels, count]) => `apiserver_request_total{${labels}} ${count}`),
      ...printHead('apiserver_request_duration_seconds', 'histogram', 'How long answers took, watches left out.'),
      ...[...durations].flatMap(([labels, each]) => printDurations(labels, each)),
      ...printHead('apiserver_longrunning_requests', 'gauge', 'Watches that are open.'),
      `apiserver_longrunning_requests{verb="WATCH"} ${watches}`,
      ...printHead('calico_store_revision', 'gauge', 'Newest revision of the store.'),
      `calico_store_revision ${await context.resources.revision()}`,
      ...printHead('process_resident_memory_bytes', 'gauge', 'Memory of the process.'),
      `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    ];
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(`${lines.join('\n')}\n`);
  });
}

/** Verb and resource; of what is no resource the first word of a path we serve. */
function subjectOf(request: FastifyRequest): { verb: string; resource: string } {
  const attributes = attributesOf(request);
  if (attributes.type === 'resource') {
    const { verb, resource, subresource } = attributes;
    return { verb: verb.toUpperCase(), resource: subresource === '' ? resource : `${resource}/${subresource}` };
  }
  const path = request.routeOptions.url ?? '';
  return { verb: methods.has(request.method) ? request.method : 'OTHER', resource: path.replace(/["\\\n]/g, '') };
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

function observe(durations: Map<string, Durations>, what: string, seconds: number): void {
  const each = durations.get(what) ?? { counts: ends.map(() => 0), sum: 0, count: 0 };
  durations.set(what, each);
  for (const [i, end] of ends.entries()) if (seconds <= end) each.counts[i]!++;
  each.sum += seconds;
  each.count++;
}

function printHead(name: string, type: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function printDurations(labels: string, { counts, sum, count }: Durations): string[] {
  const name = 'apiserver_request_duration_seconds';
  return [
    ...ends.map((end, i) => `${name}_bucket{${labels},le="${end}"} ${counts[i]}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sum.toFixed(6)}`,
    `${name}_count{${labels}} ${count}`,
  ];
}
