/** Store keys, both ways. */
import test from 'ava';
import { parseStoreKey, storeKey, storePrefix } from '#appliance/resources/key.ts';
import { kindOf, kinds } from '#appliance/resources/registry.ts';

test('storeKey() and parseStoreKey() agree for every kind', (t) => {
  for (const kind of kinds) {
    const namespace = kind.isNamespaced ? 'prod' : undefined;
    const key = storeKey(kind, namespace, 'a.b--c');
    t.deepEqual(parseStoreKey(key), { kind, namespace, name: 'a.b--c' });
    t.true(key.startsWith(storePrefix(kind, namespace)));
    t.true(storePrefix(kind).endsWith('/'));
  }
});

test('storeKey() is the layout of etcd', (t) => {
  t.is(
    storeKey(kindOf('NetworkPolicy')!, 'prod', 'db-in'),
    '/calico/resources/v3/projectcalico.org/networkpolicies/prod/db-in',
  );
  t.is(storeKey(kindOf('Tier')!, undefined, 'ops'), '/calico/resources/v3/projectcalico.org/tiers/ops');
});

test('storePrefix() covers a namespace and nothing beside it', (t) => {
  t.is(storePrefix(kindOf('NetworkSet')!, 'prod'), '/calico/resources/v3/projectcalico.org/networksets/prod/');
});

test('parseStoreKey() knows what is not a resource', (t) => {
  for (const key of [
    '/calico/ipam/v2/config',
    '/calico/resources/v3/projectcalico.org/',
    '/calico/resources/v3/projectcalico.org/tiers',
    '/calico/resources/v3/projectcalico.org/tiers/',
    '/calico/resources/v3/projectcalico.org/tiers/a/b',
    '/calico/resources/v3/projectcalico.org/networksets/prod',
    '/calico/resources/v3/projectcalico.org/ipamconfigs/default',
    'calico/resources/v3/projectcalico.org/tiers/a',
  ]) {
    t.is(parseStoreKey(key), undefined, key);
  }
});
