/** The list of kinds and how people name them. */
import test from 'ava';
import { calicoctlKinds, findKindByAlias, kindByPlural, kindOf, kinds } from '#appliance/resources/registry.ts';

test('kinds are the 24 of the API, each name and plural once', (t) => {
  t.is(kinds.length, 24);
  t.is(new Set(kinds.map((kind) => kind.kind)).size, 24);
  t.is(new Set(kinds.map((kind) => kind.plural)).size, 24);
});

test('findKindByAlias() takes every word a kind goes by, in any case', (t) => {
  for (const kind of kinds) {
    for (const word of [kind.kind, kind.plural, kind.singular, ...kind.aliases]) {
      t.is(findKindByAlias(word.toUpperCase()), kind, word);
    }
  }
});

test('findKindByAlias() takes kubectl’s short names', (t) => {
  t.is(findKindByAlias('cnp')?.kind, 'NetworkPolicy');
  t.is(findKindByAlias('gns')?.kind, 'GlobalNetworkSet');
  t.is(findKindByAlias('kcc')?.kind, 'KubeControllersConfiguration');
});

test('findKindByAlias() guesses nothing', (t) => {
  for (const word of ['nps', '', 'constructor', '__proto__', 'pod']) t.is(findKindByAlias(word), undefined, word);
});

test('no word means two kinds', (t) => {
  const owners = new Map<string, string>();
  for (const kind of kinds) {
    for (const word of new Set([...kind.aliases, ...kind.shortNames, kind.plural, kind.singular])) {
      t.is(owners.get(word), undefined, word);
      owners.set(word, kind.kind);
    }
  }
});

test('kindOf() is exact and kindByPlural() takes path segments', (t) => {
  t.is(kindOf('tier'), undefined);
  t.is(kindOf('Tier'), kindByPlural('tiers'));
});

test('calicoctl knows all kinds but two', (t) => {
  t.deepEqual(
    kinds.filter((kind) => !calicoctlKinds.includes(kind)).map((kind) => kind.kind),
    ['BlockAffinity', 'LiveMigration'],
  );
});
