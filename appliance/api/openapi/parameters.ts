/**
 * Parameters of requests: what the document says of them, and what is refused. One table for both. Pure.
 * Source: Kubernetes API reference, ListOptions, GetOptions, CreateOptions and their like.
 */
import { apiErrors } from '../errors.ts';
import type { Query } from '../query/list-query.ts';

/** JSON Schema of one parameter. */
export interface ParameterSchema {
  readonly type: 'string' | 'integer' | 'boolean';
  readonly description: string;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
}

/** Fifteen digits: what a number can hold without loss. */
const countMax = 999_999_999_999_999;
/** Timers count no further: 24 days. */
export const timeoutSecondsMax = 2_147_483;

const text = (description: string, more: Partial<ParameterSchema> = {}): ParameterSchema => ({
  type: 'string',
  description,
  ...more,
});
const flag = (description: string): ParameterSchema => ({ type: 'boolean', description });
const count = (description: string, maximum = countMax): ParameterSchema => ({
  type: 'integer',
  description,
  minimum: 0,
  maximum,
});

/** Every parameter, by name. */
export const parameters: Readonly<Record<string, ParameterSchema>> = {
  name: text('Name of the object.'),
  namespace: text('Namespace of the objects.'),
  labelSelector: text('Only objects with these labels: `role=web,zone in (a,b),!old`.'),
  fieldSelector: text('Only objects with these fields: `metadata.name=web`, `spec.tier!=default`.'),
  limit: count('At most this many objects; more are got with `continue`.'),
  continue: text('Where the list before this one ended.', { pattern: '^[A-Za-z0-9_-]*$' }),
  resourceVersion: text(
    'Lists: not older than this. Watches: what comes after this; "0" or absent begins with all objects. ' +
      'With resourceVersionMatch=Exact: as of this revision.',
    { pattern: '^[0-9]{0,15}$' },
  ),
  resourceVersionMatch: text('How resourceVersion is meant.', { enum: ['Exact', 'NotOlderThan'] }),
  watch: flag('Answer with a stream of changes, one JSON object a line.'),
  allowWatchBookmarks: flag('Send bookmarks now and then.'),
  sendInitialEvents: flag('Begin a watch with all objects, and say with a bookmark where they end.'),
  timeoutSeconds: count('End the watch after this time.', timeoutSecondsMax),
  dryRun: text('Do everything but the write.', { enum: ['All'] }),
  fieldValidation: text('What to do with unknown fields; Strict when absent.', { enum: ['Strict', 'Warn', 'Ignore'] }),
  fieldManager: text(
    'Who writes: the owner of the fields. To apply it must be given; otherwise it is taken from the client.',
    { maxLength: 128 },
  ),
  force: flag('Of apply patches: take over fields that others own.'),
};

/** Refuses values the table does not allow, with API_BAD_REQUEST that names the parameter. What is not in `names` is not looked at. */
export function checkQuery(query: Query, names: readonly string[]): void {
  for (const name of names) {
    const value = query[name];
    if (value === undefined) continue;
    const message = problemOf(parameters[name]!, value);
    if (message !== undefined)
      throw apiErrors.fail('API_BAD_REQUEST', `${name}: ${JSON.stringify(value.slice(0, 100))} ${message}`);
  }
}

/** Words for true and false that clients send; Kubernetes' documentation has `watch=1`. */
const flagWords: readonly string[] = ['', 'true', 'false', '1', '0'];

function problemOf(schema: ParameterSchema, value: string): string | undefined {
  const { type, minimum = 0, maximum = countMax, maxLength = Number.POSITIVE_INFINITY } = schema;
  if (type === 'boolean') return flagWords.includes(value) ? undefined : 'is neither true nor false';
  if (type === 'integer') {
    const isCount = /^\d{1,15}$/.test(value) && Number(value) >= minimum && Number(value) <= maximum;
    return isCount ? undefined : `is not a whole number from ${minimum} to ${maximum}`;
  }
  if (schema.enum?.includes(value) === false) return `is not a valid value: ${schema.enum.join(', ')}`;
  if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) return 'is not a valid value';
  return value.length > maxLength ? `has more than ${maxLength} characters` : undefined;
}
