/** `calicoctl explain`: the fields of a kind, from this client's own definitions. Output through the context. */
import type { ObjectSchema, Schema } from '#appliance/lib/schema.ts';
import type { KindDefinition } from '#appliance/resources/define.ts';
import { metadataSchema } from '#appliance/resources/metadata.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError, exitCodes } from '../errors.ts';
import { isSet } from '../flags.ts';
import { kindByWord } from '../kinds.ts';

export const explainCommand: Command = {
  usage: 'KIND[.FIELD...] [--recursive]',
  description:
    'Explains a kind or one of its fields: what it means, its type, its values and its default. Asks no server.',
  flags: [{ flags: '--recursive', description: 'all fields below, without their descriptions' }],
  examples: [
    'calicoctl explain gnp',
    'calicoctl explain gnp.spec.ingress.destination',
    'calicoctl explain tier --recursive',
  ],
  positionals: { min: 1, max: 1 },
  run,
};

async function run(context: CliContext, [path = '']: readonly string[], flags: FlagValues): Promise<number> {
  const [word = '', ...fields] = path.split('.');
  const kind = await kindByWord(word).load();
  let schema: Schema = wholeSchema(kind);
  let at = '';
  for (const field of fields) {
    schema = memberOf(schema, field, `${word}${at}`);
    at += `.${field}`;
  }
  context.out(printExplanation(kind, fields, schema, isSet(flags, 'recursive')));
  return exitCodes.ok;
}

/** A resource as one schema. */
function wholeSchema(kind: KindDefinition): ObjectSchema {
  const text = (description: string): Schema => ({ type: 'text', description });
  return {
    type: 'object',
    description: kind.description,
    properties: {
      apiVersion: text('Always projectcalico.org/v3.'),
      kind: text(`Always ${kind.kind}.`),
      metadata: { ...metadataSchema, description: 'Name, namespace, labels, annotations, and what the server keeps.' },
      spec: { ...kind.spec, description: kind.spec.description ?? 'What is wanted.' },
      ...(kind.status === undefined ? {} : { status: { ...kind.status, description: 'What has been found.' } }),
    },
  };
}

/** What a list holds, or a map's values: the schema whose fields are asked for. */
function innerOf(schema: Schema): Schema {
  if (schema.type === 'list') return innerOf(schema.items);
  return schema.type === 'map' ? innerOf(schema.values) : schema;
}

function memberOf(schema: Schema, field: string, where: string): Schema {
  const inner = innerOf(schema);
  const properties = inner.type === 'object' ? inner.properties : {};
  if (Object.hasOwn(properties, field)) return properties[field]!;
  const known = Object.keys(properties).join(', ');
  const hint = known === '' ? 'it has no fields' : `its fields are: ${known}`;
  throw cliError('CLI_NOT_FOUND', `field '${field}' does not exist in ${where}; ${hint}`);
}

function printExplanation(kind: KindDefinition, fields: readonly string[], schema: Schema, isDeep: boolean): string {
  const head = `KIND:       ${kind.kind}\nVERSION:    projectcalico.org/v3\n`;
  const name = fields.at(-1);
  const field = name === undefined ? '' : `\nFIELD:      ${name} <${typeText(schema)}>\n`;
  const description = `\nDESCRIPTION:\n${indent(wrap(schema.description ?? '<none>'), 4)}\n`;
  const inner = innerOf(schema);
  const facts = factsOf(schema).map((fact) => `    ${fact}\n`);
  const below = inner.type === 'object' ? Object.keys(inner.properties) : [];
  const text = isDeep ? printTree(inner, 1, []) : printFields(inner);
  return `${head}${field}${description}${facts.join('')}${below.length === 0 ? '' : `\nFIELDS:\n${text}`}`;
}

function printFields(schema: Schema): string {
  if (schema.type !== 'object') return '';
  return Object.entries(schema.properties)
    .map(([name, member]) => {
      const required = schema.required?.includes(name) ? ' -required-' : '';
      const lines = [...wrap(member.description ?? '<no description>').split('\n'), ...factsOf(member)];
      return `  ${name}\t<${typeText(member)}>${required}\n${lines.map((line) => `    ${line}\n`).join('')}\n`;
    })
    .join('');
}

/** Names and types alone; a schema that holds itself is shown once. */
function printTree(schema: Schema, depth: number, above: readonly object[]): string {
  if (schema.type !== 'object' || above.includes(schema.properties)) return '';
  return Object.entries(schema.properties)
    .map(([name, member]) => {
      const required = schema.required?.includes(name) ? ' -required-' : '';
      const line = `${'  '.repeat(depth)}${name}\t<${typeText(member)}>${required}\n`;
      return line + printTree(innerOf(member), depth + 1, [...above, schema.properties]);
    })
    .join('');
}

/** Values, limits and the default, a line each. */
function factsOf(schema: Schema): string[] {
  const facts: string[] = [];
  if (schema.type === 'text' && schema.enum !== undefined)
    facts.push(`One of: ${schema.enum.map((v) => v || '""').join(', ')}`);
  if (schema.type === 'integer' || schema.type === 'number') {
    if (schema.enum !== undefined) facts.push(`One of: ${schema.enum.join(', ')}`);
    if (schema.minimum !== undefined) facts.push(`At least ${schema.minimum}`);
    if (schema.maximum !== undefined) facts.push(`At most ${schema.maximum}`);
  }
  if (schema.type === 'text' && schema.pattern !== undefined) facts.push(`Matches ${schema.pattern.source}`);
  if (schema.default !== undefined) facts.push(`Default: ${JSON.stringify(schema.default)}`);
  return facts;
}

function typeText(schema: Schema): string {
  switch (schema.type) {
    case 'object':
      return 'Object';
    case 'map':
      return `map[string]${typeText(schema.values)}`;
    case 'list':
      return `[]${typeText(schema.items)}`;
    case 'text':
      return 'string';
    case 'scalar':
      return schema.name;
    default:
      return schema.type;
  }
}

const widthMax = 90;

function wrap(text: string): string {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + word.length + 1 > widthMax) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}

function indent(text: string, by: number): string {
  return text.replace(/^/gm, ' '.repeat(by));
}
