/** Tiers in reading and watching: what is closed is never shown, whichever way it is asked for and whatever changes meanwhile. */
import test from 'ava';
import { type AccessApi, type Caller, calico, rbac, startAccessApi } from './access-api.ts';

const group = 'projectcalico.org';
const merge = { 'content-type': 'application/merge-patch+json' };
const plural = 'globalnetworkpolicies';

interface World {
  readonly api: AccessApi;
  readonly master: Caller;
  readonly ops: Caller;
}

/** Two tiers with a policy each, and somebody who has but one of them. */
async function furnish(api: AccessApi): Promise<World> {
  const master = await api.as('root', 'system:masters');
  await master.call('POST', `${calico}/tiers`, { metadata: { name: 'ops' }, spec: { order: 5 } });
  await master.call('POST', `${calico}/tiers`, { metadata: { name: 'security' }, spec: { order: 4 } });
  for (const tier of ['ops', 'security']) await master.call('POST', `${calico}/${plural}`, policy(tier, tier));
  await give(master, 'ops-tier', [
    { verbs: ['*'], apiGroups: [group], resources: [plural, `${plural}/history`] },
    { verbs: ['get'], apiGroups: [group], resources: ['tiers'], resourceNames: ['ops'] },
    { verbs: ['*'], apiGroups: [group], resources: [`tier.${plural}`], resourceNames: ['ops.*'] },
  ]);
  return { api, master, ops: await api.as('olga', 'ops') };
}

async function give(master: Caller, name: string, rules: object[]): Promise<void> {
  await master.call('POST', `${rbac}/clusterroles`, { metadata: { name }, rules });
  const roleRef = { kind: 'ClusterRole', name };
  await master.call('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name },
    roleRef,
    subjects: [{ kind: 'Group', name: 'ops' }],
  });
}

function policy(name: string, tier: string) {
  return { metadata: { name }, spec: { tier, selector: `name == '${name}'`, types: ['Ingress'] } };
}

const names = (list: { items: { metadata: { name: string } }[] }) => list.items.map((item) => item.metadata.name);

test('a closed tier is closed by every way of reading and writing, and the refusal says what is missing', async (t) => {
  await using api = await startAccessApi();
  const { ops } = await furnish(api);
  t.deepEqual(names((await ops.call('GET', `${calico}/${plural}`)).body), ['ops']);
  const get = await ops.call('GET', `${calico}/${plural}/security`);
  t.is(get.code, 403);
  t.is(
    get.body.message,
    `forbidden: User "olga" cannot get ${plural}.${group} in tier "security" (user cannot get tier)`,
  );
  const move = { spec: { tier: 'security' } };
  const moved = await ops.call('PATCH', `${calico}/${plural}/ops`, move, merge);
  t.is(moved.code, 403, 'nobody puts a policy into a tier that is closed to them');
  t.is(
    (await ops.call('PATCH', `${calico}/${plural}/security`, { spec: { tier: 'ops' } }, merge)).code,
    403,
    'nor takes one out',
  );
  t.is((await ops.call('GET', `${calico}/${plural}/security/history`)).code, 403);
  t.is((await ops.call('GET', `${calico}/${plural}/ops/history`)).code, 200);
  const probe = [{ op: 'test', path: '/spec/selector', value: "name == 'security'" }];
  const patch = { 'content-type': 'application/json-patch+json' };
  t.is((await ops.call('PATCH', `${calico}/${plural}/security`, probe, patch)).code, 403, 'no guessing by patches');
  t.is((await ops.call('DELETE', `${calico}/${plural}/security`)).code, 403);
  t.is((await ops.call('DELETE', `${calico}/${plural}`)).code, 200);
  t.deepEqual(names((await (await api.as('root', 'system:masters')).call('GET', `${calico}/${plural}`)).body), [
    'security',
  ]);
  t.true(api.denials.some(({ reason }) => /in tier "security"/.test(String(reason))));
});

test('tiers are selected by =, == and in; where nothing selected is open the list is refused', async (t) => {
  await using api = await startAccessApi();
  const { ops, master } = await furnish(api);
  const list = (query: string, caller = ops) => caller.call('GET', `${calico}/${plural}?${query}`);
  const label = (text: string) => `labelSelector=${encodeURIComponent(`projectcalico.org/tier${text}`)}`;
  t.deepEqual(names((await list(label('=ops'))).body), ['ops']);
  t.deepEqual(names((await list(label(' in (ops,security)'))).body), ['ops']);
  t.deepEqual(names((await list('fieldSelector=spec.tier%3Dops')).body), ['ops']);
  t.is((await list(label('==security'))).code, 403);
  t.is((await list(label(' in (security)'))).code, 403);
  t.is((await list('fieldSelector=spec.tier%3Dsecurity')).code, 403);
  for (const selector of ['!=ops', ' notin (ops)', '']) t.is((await list(label(selector))).code, 400, selector);
  t.is((await list('labelSelector=!projectcalico.org/tier')).code, 400);
  t.deepEqual(names((await list(label('!=ops'), master)).body), ['security'], 'who sees all may say it as they like');
  await master.call('DELETE', `${rbac}/clusterroles/ops-tier`);
  t.is((await list('')).code, 403);
});

test('a watch shows a policy that enters an open tier, its leaving, and nothing of it elsewhere', async (t) => {
  await using api = await startAccessApi();
  const { ops, master } = await furnish(api);
  const { body } = await ops.call('GET', `${calico}/${plural}`);
  const watch = await ops.watch(`${calico}/${plural}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
  await master.call('POST', `${calico}/${plural}`, policy('secret', 'security'));
  const move = (tier: string, selector: string) =>
    master.call('PATCH', `${calico}/${plural}/secret`, { spec: { tier, selector } }, merge);
  await move('ops', 'all()');
  await move('security', "hidden == 'x'");
  await move('security', "hidden == 'y'");
  await master.call('DELETE', `${calico}/${plural}/secret`);
  await master.call('POST', `${calico}/${plural}`, policy('last', 'ops'));
  const seen: string[] = [];
  for await (const { type, object } of watch.lines) {
    seen.push(`${type} ${object.metadata.name} ${object.spec.tier} ${object.spec.selector}`);
    if (object.metadata.name === 'last') break;
  }
  watch.close();
  t.deepEqual(seen, ['ADDED secret ops all()', 'DELETED secret ops all()', "ADDED last ops name == 'last'"]);
});

test('a watch ends with 410 when its owner is given or loses something, and not when others are', async (t) => {
  await using api = await startAccessApi();
  const { ops, master } = await furnish(api);
  const open = async () => {
    const { body } = await ops.call('GET', `${calico}/${plural}`);
    return ops.watch(`${calico}/${plural}?watch=true&resourceVersion=${body.metadata.resourceVersion}`);
  };
  const last = async (watch: Awaited<ReturnType<typeof open>>) => {
    const all = [];
    for await (const line of watch.lines) all.push(line);
    return all;
  };
  const first = await open();
  const other = {
    metadata: { name: 'other' },
    roleRef: { kind: 'ClusterRole', name: 'calico-viewer' },
    subjects: [{ kind: 'User', name: 'sam' }],
  };
  await master.call('POST', `${rbac}/clusterrolebindings`, other);
  await master.call('POST', `${calico}/${plural}`, policy('still', 'ops'));
  await give(master, 'security-tier', [
    { verbs: ['get'], apiGroups: [group], resources: ['tiers'], resourceNames: ['security'] },
    { verbs: ['*'], apiGroups: [group], resources: [`tier.${plural}`], resourceNames: ['security.*'] },
  ]);
  const lines = await last(first);
  t.deepEqual(
    lines.map(({ type }) => type),
    ['ADDED', 'ERROR'],
  );
  t.is(lines[0]!.object.metadata.name, 'still');
  t.like(lines[1]!.object, { code: 410, reason: 'Expired' });
  const second = await open();
  await master.call('DELETE', `${rbac}/clusterrolebindings/ops-tier`);
  await master.call('POST', `${calico}/${plural}`, policy('too-late', 'ops'));
  t.deepEqual(
    (await last(second)).map(({ type }) => type),
    ['ERROR'],
  );
  t.is((await ops.call('GET', `${calico}/${plural}`)).code, 403);
});

test('a policy of a closed tier in an older version is not shown as it was then', async (t) => {
  await using api = await startAccessApi();
  const { ops, master } = await furnish(api);
  const { body } = await master.call('GET', `${calico}/${plural}/security`);
  await master.call('PATCH', `${calico}/${plural}/security`, { spec: { tier: 'ops' } }, merge);
  const version = body.metadata.resourceVersion;
  t.is((await ops.call('GET', `${calico}/${plural}/security`)).code, 200);
  t.is(
    (await ops.call('GET', `${calico}/${plural}/security?resourceVersion=${version}&resourceVersionMatch=Exact`)).code,
    403,
  );
  t.deepEqual(
    names((await ops.call('GET', `${calico}/${plural}?resourceVersion=${version}&resourceVersionMatch=Exact`)).body),
    ['ops'],
  );
  const history = (await ops.call('GET', `${calico}/${plural}/security/history`)).body;
  t.deepEqual(
    history.items.map((item: { object: { spec: { tier: string } } }) => item.object.spec.tier),
    ['ops'],
  );
});
