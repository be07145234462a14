/** Kubernetes field selectors, over the few fields a kind can be selected by. Pure. Source: Kubernetes, "Field Selectors". */
import type { KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { isTiered } from '../../resources/stored.ts';
import { apiErrors } from '../errors.ts';

export interface FieldSelector {
  readonly matches: (resource: Resource) => boolean;
  /** The only name that can match, when the selector says so. */
  readonly name?: string;
}

type Read = (resource: Resource) => string;

/** Fields of `spec` that say where something belongs; those that a kind has, it can be selected by. */
const specFields = ['tier', 'node', 'interfaceName', 'workload', 'pod', 'orchestrator', 'endpoint', 'cidr'];

/** The fields of a kind, in the order to tell them. */
export function selectableFields(kind: KindDefinition): string[] {
  return [...readersOf(kind).keys()];
}

/** Parses `field=value,field!=value`; API_BAD_REQUEST for a field the kind cannot be selected by. */
export function parseFieldSelector(text: string, kind: KindDefinition): FieldSelector {
  const readers = readersOf(kind);
  const terms = splitTerms(text).map((term) => parseTerm(term, kind, readers));
  const name = terms.find((term) => term.field === 'metadata.name' && term.isEqual)?.value;
  return {
    matches: (resource) => terms.every((term) => (term.read(resource) === term.value) === term.isEqual),
    ...(name !== undefined && { name }),
  };
}

function readersOf(kind: KindDefinition): ReadonlyMap<string, Read> {
  const readers = new Map<string, Read>([
    ['metadata.name', ({ metadata }) => metadata.name],
    ['metadata.namespace', ({ metadata }) => metadata.namespace ?? ''],
  ]);
  for (const name of specFields.filter((field) => kind.spec.properties[field] !== undefined))
    readers.set(`spec.${name}`, readSpec(name, name === 'tier' && isTiered(kind) ? 'default' : ''));
  return readers;
}

function readSpec(name: string, absent: string): Read {
  return ({ spec }) => String(spec[name] ?? absent);
}

/** Splits at commas that are not escaped. */
function splitTerms(text: string): string[] {
  const terms = text.match(/(?:\\.|[^,\\])+/gs) ?? [];
  return terms.map((term) => term.trim()).filter((term) => term !== '');
}

function parseTerm(term: string, kind: KindDefinition, readers: ReadonlyMap<string, Read>) {
  const match = /^([^=!\s]+)\s*(==|=|!=)\s*(.*)$/s.exec(term);
  if (match === null) throw apiErrors.fail('API_BAD_REQUEST', `unable to parse the field selector "${term}"`);
  const field = match[1]!;
  const read = readers.get(field);
  if (read === undefined)
    throw apiErrors.fail(
      'API_BAD_REQUEST',
      `field label not supported: ${field}; objects of kind ${kind.kind} are selected by ${[...readers.keys()].join(', ')}`,
    );
  return { field, read, isEqual: match[2] !== '!=', value: match[3]!.trim().replace(/\\(.)/gs, '$1') };
}
