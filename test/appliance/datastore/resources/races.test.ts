import test from 'ava';
import type { Store } from '#appliance/datastore/store.ts';
import { manifest, openTestResources, ref, refused } from './test-resources.ts';

const set = ref('GlobalNetworkSet', 'a');
const label = (name: string) => ({ labels: { [name]: 'x' } });

/** Somebody else is faster: does `action` between the reads of the next write and its commit. */
function beforeNextCommit(store: Store, action: () => Promise<unknown>): void {
  const commit = store.txn.bind(store);
  store.txn = async (request) => {
    store.txn = commit;
    await action();
    return commit(request);
  };
}

test('a policy is not made in a tier that goes in the same moment', async (t) => {
  const { resources, store } = await openTestResources(t);
  await resources.create(manifest('Tier', 'ops'));
  beforeNextCommit(store, () => resources.delete(ref('Tier', 'ops')));
  const create = resources.create(manifest('GlobalNetworkPolicy', 'p', { tier: 'ops' }));
  await refused(t, 'RESOURCE_NOT_FOUND', create);
});

test('a patch is laid over what somebody else wrote in the same moment', async (t) => {
  const { resources, store } = await openTestResources(t);
  await resources.create(manifest('GlobalNetworkSet', 'a'));
  const add = (name: string) =>
    resources.modify(set, (now) => ({
      ...now,
      metadata: { ...now.metadata, labels: { ...now.metadata.labels, ...label(name).labels } },
    }));
  beforeNextCommit(store, () => add('first'));
  t.deepEqual((await add('second')).metadata.labels, { first: 'x', second: 'x' });
});

test('a replacement is refused when somebody else writes in the same moment', async (t) => {
  const { resources, store } = await openTestResources(t);
  const made = await resources.create(manifest('GlobalNetworkSet', 'a'));
  const replace = (name: string) => resources.update(set, { ...made, metadata: { ...made.metadata, ...label(name) } });
  beforeNextCommit(store, () => replace('first'));
  await refused(t, 'RESOURCE_CONFLICT', replace('second'));
  t.deepEqual((await resources.get(set)).resource.metadata.labels, { first: 'x' });
});

test('a name that is taken in the same moment is taken', async (t) => {
  const { resources, store } = await openTestResources(t);
  beforeNextCommit(store, () => resources.create(manifest('GlobalNetworkSet', 'a', { nets: ['192.0.2.1'] })));
  await refused(t, 'RESOURCE_EXISTS', resources.create(manifest('GlobalNetworkSet', 'a')));
  t.deepEqual((await resources.get(set)).resource.spec, { nets: ['192.0.2.1'] });
});

test('a deletion at a version is refused when somebody else writes in the same moment', async (t) => {
  const { resources, store } = await openTestResources(t);
  const made = await resources.create(manifest('GlobalNetworkSet', 'a'));
  const touch = () => resources.modify(set, (now) => ({ ...now, metadata: { ...now.metadata, ...label('x') } }));
  beforeNextCommit(store, touch);
  const options = { resourceVersion: made.metadata.resourceVersion ?? '' };
  await refused(t, 'RESOURCE_CONFLICT', resources.delete(set, options));
  beforeNextCommit(store, () => resources.modify(set, (now) => ({ ...now, spec: { nets: ['192.0.2.1'] } })));
  t.deepEqual((await resources.delete(set))?.spec, { nets: ['192.0.2.1'] });
});
