/** Discovery, in the aggregated form for clients that read it and in the plain one for all others. */
import type { FastifyInstance } from 'fastify';
import {
  aggregatedCore,
  aggregatedGroups,
  coreVersions,
  groupList,
  groupObject,
  groupVersions,
  pathOf,
  resourceList,
} from '../discovery.ts';
import { acceptsAggregatedDiscovery } from '../query/accept.ts';
import { hidden } from './health.ts';

/** Without these parameters clients read the answer as the plain form. */
const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Serves `/api`, `/apis` and what hangs below them. */
export function serveDiscovery(app: FastifyInstance): void {
  serveBoth(app, '/api', aggregatedCore, coreVersions);
  serveBoth(app, '/apis', aggregatedGroups, groupList);
  for (const one of groupVersions) {
    if (one.group !== '') app.get(`/apis/${one.group}`, hidden, (_request, reply) => reply.send(groupObject(one)));
    app.get(pathOf(one), hidden, (_request, reply) => reply.send(resourceList(one)));
  }
}

function serveBoth(app: FastifyInstance, path: string, aggregated: () => object, plain: () => object): void {
  app.get(path, hidden, (request, reply) => {
    reply.header('vary', 'accept');
    if (!acceptsAggregatedDiscovery(request.headers.accept)) return reply.send(plain());
    // fastify would put a charset into a type it knows, and clients compare the text
    return reply.header('content-type', aggregatedType).serializer(JSON.stringify).send(aggregated());
  });
}
