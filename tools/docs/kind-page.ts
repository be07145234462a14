/** Reference page of a kind: its names, fields, columns and an example, from its definition alone. Pure. */
import { stringify } from 'yaml';
import type { ObjectSchema, Schema } from '#appliance/lib/schema.ts';
import { apiVersionOf, type KindDefinition } from '#appliance/resources/define.ts';
import { storeKey } from '#appliance/resources/key.ts';

/** First line of every generated page. */
export const generatedNote =
  '<!-- Written by `npm run docs` from the definitions of the kinds; changes here are lost. -->';

/** The page as Markdown. */
export function renderKindPage(kind: KindDefinition): string {
  return [
    generatedNote,
    `# ${kind.kind}`,
    escapeHtml(kind.description),
    renderNames(kind),
    ...(kind.members === undefined
      ? ['## Spec', renderFields(kind.spec, 'spec')]
      : ['## Fields', renderFields(kind.members, '')]),
    ...(kind.status === undefined ? [] : ['## Status', renderFields(kind.status, 'status')]),
    '## Columns',
    renderColumns(kind),
    '## Example',
    `\`\`\`yaml\n${stringify(kind.example, { lineWidth: 0 })}\`\`\``,
    '',
  ].join('\n\n');
}

/** A Markdown table; cells must not contain newlines. */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

function renderNames(kind: KindDefinition): string {
  const namespace = kind.isNamespaced ? 'NAMESPACE' : undefined;
  return renderTable(
    ['', ''],
    [
      ['API version', `\`${apiVersionOf(kind)}\``],
      ['Scope', kind.isNamespaced ? 'namespaced' : 'global'],
      ['REST path segment', `\`${kind.plural}\``],
      ['Store key', `\`${storeKey(kind, namespace, 'NAME')}\``],
      ['`calicoctl` words', words(kind.aliases)],
      ['`kubectl` short names', words(kind.shortNames)],
      ['Written by people', kind.isReadOnly === true ? 'no' : 'yes'],
    ],
  );
}

function renderFields(schema: ObjectSchema, path: string): string {
  const rows = fieldRows(schema, path, new Map());
  return rows.length === 0 ? 'No fields.' : renderTable(['Field', 'Type', 'Meaning'], rows);
}

/** Rows of an object and all below it; what was shown before is referred to. */
function fieldRows(schema: ObjectSchema, path: string, shown: Map<object, string>): string[][] {
  shown.set(schema.properties, path);
  return Object.entries(schema.properties).flatMap(([key, property]) => {
    const at = path === '' ? key : `${path}.${key}`;
    const required = schema.required?.includes(key) ? ' **Required.**' : '';
    const nested = innerObject(property, at);
    const earlier = nested && shown.get(nested.schema.properties);
    const reference = earlier === undefined ? '' : ` Fields as in \`${earlier}\`.`;
    const row = [`\`${at}\``, typeText(property), `${meaning(property)}${required}${reference}`.trim()];
    const below = nested === undefined || earlier !== undefined ? [] : fieldRows(nested.schema, nested.path, shown);
    return [row, ...below];
  });
}

function innerObject(schema: Schema, path: string): { schema: ObjectSchema; path: string } | undefined {
  if (schema.type === 'object') return { schema, path };
  return schema.type === 'list' ? innerObject(schema.items, `${path}[]`) : undefined;
}

function meaning(schema: Schema): string {
  const byDefault = schema.default === undefined ? '' : ` Default: \`${JSON.stringify(schema.default)}\`.`;
  return escapeHtml(`${schema.description ?? ''}${byDefault}`);
}

function typeText(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return 'object';
    case 'map':
      return `map of string to ${typeText(schema.values)}`;
    case 'list':
      return `list of ${typeText(schema.items)}${schema.maxItems === undefined ? '' : `, at most ${schema.maxItems}`}`;
    case 'text':
      return schema.enum === undefined
        ? textType(schema)
        : `${words(schema.enum)}${schema.ignoreCase === true ? ' in any case' : ''}`;
    case 'integer':
    case 'number':
      return schema.enum === undefined ? `${schema.type}${range(schema)}` : words(schema.enum.map(String));
    case 'scalar':
      return schema.name;
    default:
      return schema.type;
  }
}

function textType(schema: Schema & { type: 'text' }): string {
  const format = schema.format === undefined ? 'string' : schema.format;
  const pattern = schema.pattern === undefined ? '' : ` matching \`${schema.pattern.source}\``;
  return `${format}${schema.maxLength === undefined ? '' : `, at most ${schema.maxLength} characters`}${pattern}`;
}

function range({ minimum, maximum }: { minimum?: number; maximum?: number }): string {
  if (minimum === undefined && maximum === undefined) return '';
  if (maximum === undefined) return `, at least ${minimum}`;
  return minimum === undefined ? `, at most ${maximum}` : `, ${minimum} to ${maximum}`;
}

function renderColumns(kind: KindDefinition): string {
  const list = (columns: readonly { readonly heading: string }[]) => words(columns.map((column) => column.heading));
  return renderTable(
    ['Output', 'Columns'],
    [
      ['`-o ps`', list(kind.columns.ps)],
      ['`-o wide`', list(kind.columns.wide)],
      ['`-o custom-columns=` besides', list(kind.columns.extra ?? [])],
      ['`kubectl get`', words(kind.tableColumns.map((column) => column.name))],
    ],
  );
}

function words(items: readonly string[]): string {
  return items.length === 0 ? 'none' : items.map((item) => (item === '' ? 'empty' : `\`${item}\``)).join(', ');
}

/** Keeps `<name>` visible outside code. */
function escapeHtml(text: string): string {
  return text.replace(/<(?=[a-z])/gi, '&lt;');
}
