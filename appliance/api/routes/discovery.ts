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
import { describeRoute } from '../openapi/describe.ts';
import { acceptsAggregatedDiscovery } from '../query/accept.ts';

/** Without these parameters clients read the answer as the plain form. */
const aggregatedType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Serves `/api`, `/apis` and what hangs below them. */
export function serveDiscovery(app: FastifyInstance): void {
  serveBoth(app, '/api', aggregatedCore, coreVersions);
  serveBoth(app, '/apis', aggregatedGroups, groupList);
  const json = { 'application/json': 'Discovery' };
  for (const one of groupVersions) {
    const id = pathOf(one).replace(/[^A-Za-z0-9]+(\w)/g, (_, letter: string) => letter.toUpperCase());
    const group = describeRoute(`getGroup${id}`, 'Versions of the group', json);
    if (one.group !== '') app.get(`/apis/${one.group}`, group, (_request, reply) => reply.send(groupObject(one)));
    const resources = describeRoute(`getResources${id}`, 'Resources of the version', json);
    app.get(pathOf(one), resources, (_request, reply) => reply.send(resourceList(one)));
  }
}

function serveBoth(app: FastifyInstance, path: string, aggregated: () => object, plain: () => object): void {
  const answers = { 'application/json': 'Discovery', [aggregatedType]: 'Discovery' };
  const id = path === '/api' ? 'getCoreVersions' : 'getApiGroups';
  app.get(path, describeRoute(id, 'What the server has', answers), (request, reply) => {
    reply.header('vary', 'accept');
    if (!acceptsAggregatedDiscovery(request.headers.accept)) return reply.send(plain());
    // fastify would put a charset into a type it knows, and clients compare the text
    return reply.header('content-type', aggregatedType).serializer(JSON.stringify).send(aggregated());
  });
}
