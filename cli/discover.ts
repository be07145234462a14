/**
 * Kinds this client has no definition of, as the server tells of them: whatever it serves can be got, edited, applied and deleted.
 * Only asked when a word or a manifest names a kind that is not in the list of our own. I/O through the client.
 */
import type { KindDefinition } from '#appliance/resources/define.ts';
import type { ApiClient } from './client.ts';
import type { FlagValues } from './command.ts';
import type { CliContext } from './context.ts';
import type { KindRef } from './kind-refs.ts';

/** One row of what a server serves. */
export interface ServedKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly apiVersion: string;
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
}

interface PlainList {
  readonly groupVersion: string;
  readonly resources: readonly {
    readonly name: string;
    readonly singularName?: string;
    readonly kind: string;
    readonly namespaced: boolean;
    readonly verbs?: readonly string[];
    readonly shortNames?: readonly string[];
  }[];
}

/** Everything the server serves, by the plain form of discovery: that of `/api` first, then each group's preferred version. */
export async function readServedKinds(client: ApiClient): Promise<ServedKind[]> {
  const core = (await client.raw('GET', '/api')) as { versions?: readonly string[] };
  const all = (await client.raw('GET', '/apis')) as {
    groups?: readonly { preferredVersion?: { groupVersion: string } }[];
  };
  const groups = (all.groups ?? []).flatMap(({ preferredVersion }) => preferredVersion?.groupVersion ?? []);
  const paths = [...(core.versions ?? []).map((v) => `/api/${v}`), ...groups.map((group) => `/apis/${group}`)];
  const lists = await Promise.all(paths.map((path) => client.raw('GET', path)));
  return lists.flatMap((list) => servedIn(list as PlainList));
}

function servedIn({ groupVersion, resources }: PlainList): ServedKind[] {
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, singularName, kind, namespaced, verbs = [], shortNames = [] }) => ({
      kind,
      plural: name,
      singular: singularName === undefined || singularName === '' ? kind.toLowerCase() : singularName,
      apiVersion: groupVersion,
      isNamespaced: namespaced,
      verbs,
      shortNames,
    }));
}

/** Asks the server for the kind that `isWanted`; undefined when it has none, or cannot be asked. */
export async function discoverKind(
  context: CliContext,
  flags: FlagValues,
  isWanted: (kind: ServedKind) => boolean,
): Promise<KindRef | undefined> {
  const { openClient } = await import('./session.ts');
  let client: ApiClient | undefined;
  try {
    client = await openClient(context, flags);
    const found = (await readServedKinds(client)).find(isWanted);
    return found === undefined ? undefined : refOf(found);
  } catch {
    return undefined; // The caller's own words for an unknown kind say what matters.
  } finally {
    client?.close();
  }
}

/** True for the kind's names, and for `plural.group`. */
export function isNamed(kind: ServedKind, word: string): boolean {
  const lower = word.toLowerCase();
  const group = kind.apiVersion.includes('/') ? kind.apiVersion.split('/')[0] : '';
  return [kind.plural, kind.singular, ...kind.shortNames, `${kind.plural}.${group}`].includes(lower);
}

/** A served kind as commands take it. */
export function refOf(kind: ServedKind): KindRef {
  return {
    kind: kind.kind,
    plural: kind.plural,
    isNamespaced: kind.isNamespaced,
    isReadOnly: kind.verbs.length > 0 && !kind.verbs.includes('update') && !kind.verbs.includes('create'),
    apiVersion: kind.apiVersion,
    isDiscovered: true,
    words: [kind.plural, kind.singular, ...kind.shortNames],
    load: async () => genericDefinition(kind),
  };
}

/** Enough of a definition for a table of names. */
function genericDefinition({
  kind,
  plural,
  singular,
  apiVersion,
  isNamespaced,
  shortNames,
}: ServedKind): KindDefinition {
  const columns = [
    { heading: 'NAME', cell: ({ metadata }: { metadata: { name: string } }) => metadata.name },
    {
      heading: 'CREATED-AT',
      cell: (resource: { metadata: { creationTimestamp?: string } }) => resource.metadata.creationTimestamp ?? '',
    },
  ];
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  return {
    group,
    version,
    kind,
    plural,
    singular,
    isNamespaced,
    aliases: [plural, singular],
    shortNames,
    hasStatus: false,
    description: `${kind}, as the server has it.`,
    spec: { type: 'object', properties: {} },
    columns: { ps: columns, wide: columns },
    tableColumns: [],
    example: { kind, apiVersion, metadata: { name: '' }, spec: {} },
  };
}
