/** `cli/kind-refs.ts` follows from the registry; `BLESS=1` rewrites it. */
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { KindDefinition } from '#appliance/resources/define.ts';
import * as registry from '#appliance/resources/registry.ts';
import { kindRefs } from '#cli/kind-refs.ts';

const target = new URL('../../cli/kind-refs.ts', import.meta.url);
const registryText = readFileSync(new URL('../../appliance/resources/registry.ts', import.meta.url), 'utf8');

const calicoctlKinds = registry.kinds.filter((kind) => kind.aliases.length > 0);

test('kind-refs.ts is what the registry gives', (t) => {
  const text = render();
  if (process.env.BLESS === '1') writeFileSync(target, text);
  t.is(withoutLayout(readFileSync(target, 'utf8')), withoutLayout(text));
});

test('`load()` of each reference gives the kind of the registry', async (t) => {
  t.is(kindRefs.length, calicoctlKinds.length);
  for (const ref of kindRefs) t.is(await ref.load(), registry.kindOf(ref.kind)!);
});

test('each word means the same kind here and in the registry', (t) => {
  for (const ref of kindRefs) {
    for (const word of ref.words) t.is(registry.findKindByAlias(word)?.kind, ref.kind, word);
  }
});

/** The formatter decides where lines break. */
function withoutLayout(text: string): string {
  return text.replace(/\s+/g, '').replaceAll(',]', ']');
}

function render(): string {
  return `/**
 * How each kind that calicoctl knows is named and addressed, with its definition loaded on demand: loading all of them costs a command
 * half of its start. Generated from the registry by test/cli/kind-refs.test.ts (BLESS=1); not to be edited. Pure.
 */
import type { KindDefinition } from '#appliance/resources/define.ts';

/** A kind without its schema. */
export interface KindRef {
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  readonly isReadOnly: boolean;
  /** Absent for \`projectcalico.org/v3\`. */
  readonly apiVersion?: string;
  /** True for a kind that only the server knows: it has no definition here. */
  readonly isDiscovered?: boolean;
  /** All words that mean the kind, in lower case. */
  readonly words: readonly string[];
  load(): Promise<KindDefinition>;
}

/** In the order of the registry. */
export const kindRefs: readonly KindRef[] = [
${calicoctlKinds.map(renderRef).join('')}];
`;
}

function renderRef(kind: KindDefinition): string {
  const { name, path } = moduleOf(kind);
  const words = wordsOf(kind).map((word) => `'${word}'`);
  const load = `    load: async () => (await import('#appliance/resources/${path}')).${name},`;
  return `  {
    kind: '${kind.kind}',
    plural: '${kind.plural}',
    isNamespaced: ${kind.isNamespaced},
    isReadOnly: ${kind.isReadOnly === true},
    words: [${words.join(', ')}],
${load}
  },
`;
}

/** calicoctl's words first; kubectl's and the kind's own names where they mean nothing else. */
function wordsOf(kind: KindDefinition): string[] {
  const all = [...kind.aliases, ...kind.shortNames, kind.kind.toLowerCase(), kind.plural, kind.singular];
  return [...new Set(all)].filter((word) => registry.findKindByAlias(word) === kind);
}

/** Where the registry imports the kind from. */
function moduleOf(kind: KindDefinition): { name: string; path: string } {
  for (const [, name = '', path = ''] of registryText.matchAll(
    /^import \{ (\w+) \} from '\.\/(kinds\/[\w-]+\.ts)';$/gm,
  )) {
    if (name.toLowerCase() === kind.kind.toLowerCase()) return { name, path };
  }
  throw new Error(`registry.ts does not import ${kind.kind} from kinds/`);
}
