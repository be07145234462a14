/** Kubernetes field selectors, for the few fields the API can select by. Pure. */
import type { KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { isTiered } from '../../resources/stored.ts';
import { apiErrors } from '../errors.ts';

export interface FieldSelector {
  readonly matches: (resource: Resource) => boolean;
  /** The only name that can match, when the selector says so. */
  readonly name?: string;
}

const fields: Readonly<Record<string, (resource: Resource) => string>> = {
  'metadata.name': (resource) => resource.metadata.name,
  'metadata.namespace': (resource) => resource.metadata.namespace ?? '',
  'spec.tier': (resource) => String(resource.spec.tier ?? 'default'),
};

/** Parses `field=value,field!=value`; API_BAD_REQUEST for a field the kind cannot be selected by. */
export function parseFieldSelector(text: string, kind: KindDefinition): FieldSelector {
  const terms = text.split(',').filter((term) => term.trim() !== '');
  const parsed = terms.map((term) => parseTerm(term.trim(), kind));
  const name = parsed.find((term) => term.field === 'metadata.name' && term.isEqual)?.value;
  return {
    matches: (resource) => parsed.every((term) => (term.read(resource) === term.value) === term.isEqual),
    ...(name !== undefined && { name }),
  };
}

function parseTerm(term: string, kind: KindDefinition) {
  const match = /^([A-Za-z.]+)\s*(==|=|!=)\s*(.*)$/.exec(term);
  if (match === null) throw apiErrors.fail('API_BAD_REQUEST', `unable to parse the field selector "${term}"`);
  const field = match[1]!;
  const read = fields[field];
  if (read === undefined || (field === 'spec.tier' && !isTiered(kind)))
    throw apiErrors.fail('API_BAD_REQUEST', `field label not supported: ${field}`);
  return { field, read, isEqual: match[2] !== '!=', value: match[3]!.trim() };
}
