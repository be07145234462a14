/** The schema of a route that is no resource: discovery, health, reviews. Pure. */

/** For fastify, and through it for the document. `content` is media type to schema name; `text` stands for plain text. */
export function describeRoute(
  id: string,
  summary: string,
  content: Readonly<Record<string, string>>,
  more: Record<string, unknown> = {},
): { schema: Record<string, unknown> } {
  const schemas = Object.entries(content).map(([type, name]) => [
    type,
    { schema: name === 'text' ? { type: 'string' } : { $ref: `${name}#` } },
  ]);
  return {
    schema: {
      operationId: id,
      summary,
      tags: ['Server'],
      'x-calico-failures': 'document',
      response: { 200: { description: 'As asked for.', content: Object.fromEntries(schemas) } },
      ...more,
    },
  };
}

/** The same of a route that is posted or patched to: what it takes, what it answers, and every way it can fail. */
export function describeChange(
  id: string,
  summary: string,
  change: {
    readonly code: 200 | 201;
    readonly answer: string;
    readonly body: object;
    readonly query?: object;
    readonly failures?: string;
  },
): { schema: Record<string, unknown> } {
  const content = { 'application/json': { schema: { $ref: `${change.answer}#` } } };
  return describeRoute(
    id,
    summary,
    {},
    {
      'x-calico-failures': change.failures ?? 'post',
      body: { content: { 'application/json': { schema: change.body } } },
      ...(change.query && { querystring: { type: 'object', properties: change.query } }),
      response: { [change.code]: { description: 'What was done.', content } },
    },
  );
}
