/**
 * Documentation for people with a browser, and the way there from `/`. The pages are loaded when first asked for, in an instance of their own;
 * everything they need comes from here. Source: Swagger UI.
 */
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Documents } from '../openapi/document.ts';
import { hidden } from './health.ts';

const prefix = '/docs';
const open = { ...hidden, config: { guard: 'none' } } as const;

/** Nothing from elsewhere, and nobody may frame it. The pages set styles of elements, and show pictures they carry. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves `/docs` and `/`. */
export function serveDocs(app: FastifyInstance, documents: () => Promise<Documents>): void {
  let pages: Promise<FastifyInstance> | undefined;
  const show = async (request: FastifyRequest, reply: FastifyReply) => {
    pages ??= openPages(documents);
    const { routing } = await pages;
    reply.hijack();
    for (const [name, value] of Object.entries(guards)) reply.raw.setHeader(name, value);
    routing(request.raw, reply.raw);
  };
  app.get(prefix, open, show);
  app.get(`${prefix}/*`, open, show);
  app.get('/', open, (request, reply) => {
    reply.header('vary', 'accept');
    if (/\btext\/html\b/.test(request.headers.accept ?? '')) return reply.redirect(`${prefix}/`);
    return reply.send({ paths });
  });
  app.addHook('onClose', async () => (await pages)?.close());
}

const guards: Readonly<Record<string, string>> = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** What is to be found here, as Kubernetes' servers list it. */
const paths: readonly string[] = [
  '/api',
  '/apis',
  '/apis/projectcalico.org',
  '/apis/projectcalico.org/v3',
  prefix,
  '/healthz',
  '/livez',
  '/metrics',
  '/openapi.json',
  '/openapi/v2',
  '/openapi/v3',
  '/readyz',
  '/version',
];

async function openPages(documents: () => Promise<Documents>): Promise<FastifyInstance> {
  const [{ default: swagger }, { default: swaggerUi }] = await Promise.all([
    import('@fastify/swagger'),
    import('@fastify/swagger-ui'),
  ]);
  const { whole } = await documents();
  const app = fastify({ exposeHeadRoutes: false, routerOptions: { ignoreTrailingSlash: true } });
  await app.register(swagger, { mode: 'static', specification: { document: whole as never } });
  await app.register(swaggerUi, {
    routePrefix: prefix,
    logo: null as never,
    theme: { title: 'Calico appliance API', css: [{ filename: 'appliance.css', content: css }] },
    uiConfig: {
      docExpansion: 'none',
      deepLinking: true,
      filter: true,
      displayRequestDuration: true,
      defaultModelsExpandDepth: -1,
      defaultModelExpandDepth: 3,
      tryItOutEnabled: true,
      validatorUrl: null,
      operationsSorter: 'method',
    },
  });
  await app.ready();
  return app;
}

/** The bar with another address to load from has no use here. */
const css = `.swagger-ui .topbar { display: none }
.swagger-ui .info { margin: 24px 0 }
.swagger-ui .info .markdown, .swagger-ui .info li { line-height: 1.5 }
.swagger-ui .opblock-tag small { flex: 3 }
.swagger-ui .scheme-container { padding: 12px 0; box-shadow: none; border-bottom: 1px solid #ddd }
`;
