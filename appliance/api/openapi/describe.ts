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
