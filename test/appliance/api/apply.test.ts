import test from 'ava';
import { createTestApi, networkSet, type TestApi } from './test-api.ts';

const applyType = { 'content-type': 'application/apply-patch+yaml' };
const mergeType = { 'content-type': 'application/merge-patch+json' };

function apply(api: TestApi, body: unknown, manager = 'one', query = '', path = 'globalnetworksets/a') {
  return api.call('PATCH', `${path}?fieldManager=${manager}${query}`, body, applyType);
}

/** Managers by name and operation, with what they own. */
async function owners(api: TestApi, path = 'globalnetworksets/a'): Promise<Record<string, unknown>> {
  const { metadata } = (await api.call('GET', path)).json();
  const entries = (metadata.managedFields ?? []) as { manager: string; operation: string; fieldsV1: unknown }[];
  return Object.fromEntries(entries.map((entry) => [`${entry.manager} ${entry.operation}`, entry.fieldsV1]));
}

const nets = (...list: string[]) => ({ spec: { nets: list } });

test('apply makes what is not there, changes what is, and writes nothing when nothing changes', async (t) => {
  const api = await createTestApi();
  const made = await apply(api, networkSet('a', { x: '1' }));
  t.is(made.statusCode, 201);
  t.deepEqual(made.json().metadata.managedFields, [
    {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'projectcalico.org/v3',
      time: '2026-08-01T09:30:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:metadata': { 'f:labels': { 'f:x': {} } },
        'f:spec': { 'f:nets': { 'v:"192.0.2.0/24"': {} } },
      },
    },
  ]);
  const before = await api.resources.revision();
  const same = await apply(api, networkSet('a', { x: '1' }));
  t.is(same.statusCode, 200);
  t.deepEqual(same.json(), made.json());
  t.is(await api.resources.revision(), before);
  const changed = await apply(api, networkSet('a', { y: '2' }, { nets: ['198.51.100.0/24'] }));
  t.deepEqual(changed.json().metadata.labels, { y: '2' });
  t.deepEqual(changed.json().spec, { nets: ['198.51.100.0/24'] });
});

test('owners are stored as the standard list in the order of Go, and only for what somebody applied to', async (t) => {
  const api = await createTestApi();
  await apply(api, { metadata: { labels: { x: '1' } } });
  await api.call('POST', 'globalnetworksets', networkSet('b', { x: '1' }));
  await api.call('PATCH', 'globalnetworksets/b?fieldManager=m', { metadata: { labels: { x: '2' } } }, mergeType);
  const stored = async (name: string) => {
    const key = Buffer.from(`/calico/resources/v3/projectcalico.org/globalnetworksets/${name}`);
    return (await api.store.range({ key })).entries[0]!.value.toString();
  };
  const list =
    '"managedFields":[{"manager":"one","operation":"Apply","apiVersion":"projectcalico.org/v3","time":"2026-08-01T09:30:00Z",' +
    '"fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{"f:x":{}}}}}]';
  t.true((await stored('a')).includes(`"labels":{"x":"1"},${list}}`), await stored('a'));
  t.false((await stored('b')).includes('managedFields'));
});

test('apply takes YAML, and JSON under the same name', async (t) => {
  const api = await createTestApi();
  const yaml =
    'apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata: {name: a}\nspec:\n  nets: [10.0.0.0/8]\n';
  t.is((await apply(api, yaml)).statusCode, 201);
  t.is((await apply(api, 'spec: [')).statusCode, 400);
  t.is((await apply(api, '{"spec":')).statusCode, 400);
});

test('apply removes what its manager applied before and nobody else has', async (t) => {
  const api = await createTestApi();
  await apply(api, nets('10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16'));
  await apply(api, nets('10.2.0.0/16', '10.4.0.0/16'), 'two');
  t.deepEqual((await apply(api, nets('10.1.0.0/16'))).json().spec.nets, ['10.1.0.0/16', '10.2.0.0/16', '10.4.0.0/16']);
  // what it has written in another way is not its own to remove
  await api.call('PATCH', 'globalnetworksets/a?fieldManager=two', { metadata: { labels: { x: '1' } } }, mergeType);
  t.deepEqual((await apply(api, {}, 'two')).json().spec.nets, ['10.1.0.0/16']);
  t.deepEqual((await apply(api, {}, 'two')).json().metadata.labels, { x: '1' });
});

test('apply of another value than somebody else wrote is 409 with its name and the field; force takes it', async (t) => {
  const api = await createTestApi();
  await apply(api, networkSet('a', { x: '1', y: '1' }));
  await api.call('PATCH', 'globalnetworksets/a?fieldManager=editor', { metadata: { labels: { y: '2' } } }, mergeType);
  const refused = await apply(api, { metadata: { labels: { x: '3' } } }, 'two');
  t.is(refused.statusCode, 409);
  t.like(refused.json(), {
    reason: 'Conflict',
    message: 'Apply failed with 1 conflict: conflict with "one": .metadata.labels.x',
    details: {
      name: 'a',
      kind: 'globalnetworksets',
      causes: [{ reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.metadata.labels.x' }],
    },
  });
  const many = await apply(api, { metadata: { labels: { x: '3', y: '3' } } }, 'two');
  t.is(
    many.json().message,
    'Apply failed with 2 conflicts: conflicts with "one":\n- .metadata.labels.x\n' +
      'conflicts with "editor" using projectcalico.org/v3 at 2026-08-01T09:30:00Z:\n- .metadata.labels.y',
  );
  const forced = await apply(api, { metadata: { labels: { x: '3', y: '3' } } }, 'two', '&force=true');
  t.deepEqual(forced.json().metadata.labels, { x: '3', y: '3' });
  t.deepEqual(await owners(api), {
    'one Apply': { 'f:spec': { 'f:nets': { 'v:"192.0.2.0/24"': {} } } },
    'two Apply': { 'f:metadata': { 'f:labels': { 'f:x': {}, 'f:y': {} } } },
  });
});

test('apply of the same value shares the field, and it stays until the last manager gives it up', async (t) => {
  const api = await createTestApi();
  await apply(api, { metadata: { labels: { x: '1' } } });
  t.is((await apply(api, { metadata: { labels: { x: '1' } } }, 'two')).statusCode, 200);
  t.deepEqual((await apply(api, {})).json().metadata.labels, { x: '1' });
  t.is((await apply(api, {}, 'two')).json().metadata.labels, undefined);
  t.deepEqual(await owners(api), {});
});

test('apply of false or zero is an opinion, though the store leaves it out', async (t) => {
  const api = await createTestApi();
  const pool = (isDisabled: boolean) => ({ spec: { cidr: '10.0.0.0/16', disabled: isDisabled } });
  const at = 'ippools/p';
  t.is((await apply(api, pool(true), 'one', '', at)).statusCode, 201);
  t.is((await apply(api, pool(false), 'two', '', at)).statusCode, 409);
  t.is((await apply(api, pool(false), 'two', '&force=true', at)).json().spec.disabled, undefined);
  t.is((await apply(api, pool(false), 'two', '', at)).statusCode, 200);
  t.is((await apply(api, pool(false), 'one', '', at)).statusCode, 200, 'the same value is no conflict');
  t.is((await apply(api, pool(true), 'three', '', at)).statusCode, 409);
});

test('apply to what nobody has applied to: the earlier content belongs to before-first-apply', async (t) => {
  const api = await createTestApi();
  const made = (await api.call('POST', 'globalnetworksets', networkSet('a', { x: '1' }))).json();
  t.is(made.metadata.managedFields, undefined);
  t.is((await apply(api, { metadata: { labels: { x: '2' } } })).statusCode, 409);
  t.is((await apply(api, { metadata: { labels: { z: '1' } } })).statusCode, 200);
  t.deepEqual(await owners(api), {
    'one Apply': { 'f:metadata': { 'f:labels': { 'f:z': {} } } },
    'before-first-apply Update': {
      'f:metadata': { 'f:labels': { 'f:x': {} } },
      'f:spec': { 'f:nets': { 'v:"192.0.2.0/24"': {} } },
    },
  });
});

test('PUT, PATCH and the status path tell who wrote; the name comes from the client when it gives none', async (t) => {
  const api = await createTestApi();
  await apply(api, { spec: { order: 10, defaultAction: 'Deny' } }, 'one', '', 'tiers/t');
  const got = (await api.call('GET', 'tiers/t')).json();
  const put = { ...got, spec: { ...got.spec, order: 20 } };
  delete put.metadata.managedFields; // as a client that knows nothing of it
  t.is((await api.call('PUT', 'tiers/t', put, { 'user-agent': 'calicoctl/3.30 (linux)' })).statusCode, 200);
  const status = {
    status: {
      conditions: [
        { type: 'Ready', status: 'True', lastTransitionTime: '2026-08-01T09:30:00Z', reason: 'OK', message: '' },
      ],
    },
  };
  t.is((await api.call('PATCH', 'tiers/t/status?fieldManager=ctl', status, mergeType)).statusCode, 200);
  const all = (await api.call('GET', 'tiers/t')).json();
  t.deepEqual(
    all.metadata.managedFields.map((m: Record<string, unknown>) => [m.manager, m.operation, m.subresource]),
    [
      ['one', 'Apply', undefined],
      ['calicoctl', 'Update', undefined],
      ['ctl', 'Update', 'status'],
    ],
  );
  const own = await owners(api, 'tiers/t');
  t.deepEqual(own['calicoctl Update'], { 'f:spec': { 'f:order': {} } });
  t.deepEqual(own['one Apply'], { 'f:spec': { 'f:defaultAction': {} } });
  const key = 'k:{"type":"Ready"}';
  t.truthy((own['ctl Update'] as { 'f:status': { 'f:conditions': object } })['f:status']['f:conditions'][key as never]);
});

test('apply to the status path owns the status alone, and makes nothing', async (t) => {
  const api = await createTestApi();
  const at = 'tiers/t/status';
  const condition = {
    type: 'Ready',
    status: 'True',
    lastTransitionTime: '2026-08-01T09:30:00Z',
    reason: 'OK',
    message: '',
  };
  const body = { spec: { order: 5 }, status: { conditions: [condition] } };
  t.is((await apply(api, body, 'ctl', '', at)).statusCode, 404);
  await apply(api, { spec: { order: 10 } }, 'one', '', 'tiers/t');
  t.is((await apply(api, body, 'ctl', '', at)).statusCode, 200);
  const tier = (await api.call('GET', 'tiers/t')).json();
  t.is(tier.spec.order, 10);
  t.is(tier.status.conditions[0].reason, 'OK');
  t.deepEqual(Object.keys((await owners(api, 'tiers/t'))['ctl Apply'] as object), ['f:status']);
});

test('writers may hand over managedFields in another state, and give them up by one empty entry only', async (t) => {
  const api = await createTestApi();
  await apply(api, networkSet('a', { x: '1' }));
  const [entry] = (await api.call('GET', 'globalnetworksets/a')).json().metadata.managedFields;
  const patch = (managedFields: unknown) =>
    api.call('PATCH', 'globalnetworksets/a', { metadata: { managedFields } }, mergeType);
  for (const ignored of [
    null,
    [],
    'x',
    [{ manager: 'm' }],
    [{ ...entry, time: 'soon' }],
    [{ ...entry, fieldsV1: { 'x:y': {} } }],
  ]) {
    t.is((await patch(ignored)).statusCode, 200);
    t.deepEqual(Object.keys(await owners(api)), ['one Apply'], JSON.stringify(ignored));
  }
  t.is((await patch([{ ...entry, manager: 'other' }])).statusCode, 200);
  t.deepEqual(Object.keys(await owners(api)), ['other Apply']);
  t.is((await patch([{}])).json().metadata.managedFields, undefined);
  t.is((await apply(api, { ...networkSet('a'), metadata: { name: 'a', managedFields: [entry] } })).statusCode, 400);
});

test('apply refuses what it cannot take, and stores nothing then or in a dry run', async (t) => {
  const api = await createTestApi();
  const before = await api.resources.revision();
  const set = networkSet('a');
  const call = (query: string, body: unknown = set) =>
    api.call('PATCH', `globalnetworksets/a${query}`, body, applyType);
  t.is((await call('')).statusCode, 422);
  t.regex((await call('')).json().message, /fieldManager/);
  t.is((await call(`?fieldManager=${'x'.repeat(129)}`)).statusCode, 400);
  t.is((await call('?fieldManager=a%0Ab')).statusCode, 422);
  t.is((await call('?fieldManager=a&force=maybe')).statusCode, 400);
  t.is((await call('?fieldManager=a&dryRun=None')).statusCode, 400);
  t.is((await call('?fieldManager=a', [])).statusCode, 400);
  t.is((await call('?fieldManager=a', networkSet('b'))).statusCode, 400);
  t.regex((await call('?fieldManager=a', nets())).body, /"nets"|spec/);
  t.is((await call('?fieldManager=b', { spec: { netz: 1 } })).statusCode, 400);
  const invalid = await call('?fieldManager=b', nets('no'));
  t.is(invalid.statusCode, 422);
  t.is(invalid.json().details.causes[0].field, 'spec.nets[0]');
  t.is((await api.call('PATCH', 'globalnetworksets/a?force=true', {}, mergeType)).statusCode, 422);
  const dry = await apply(api, nets('10.0.0.0/8'), 'dry', '&dryRun=All', 'globalnetworksets/dry');
  t.is(dry.statusCode, 201);
  t.is((await api.call('GET', 'globalnetworksets/dry')).statusCode, 404);
  t.is(await api.resources.revision(), before + 1, 'one object was made: the one with an empty list');
  const missing = await apply(api, { metadata: { resourceVersion: '5' } }, 'a', '', 'globalnetworksets/none');
  t.is(missing.statusCode, 409);
  t.is((await apply(api, { metadata: { resourceVersion: '1' } })).statusCode, 409);
  t.is((await apply(api, { metadata: { uid: 'other' } })).statusCode, 409);
});

test('apply goes through the effects and checks of every other write', async (t) => {
  const api = await createTestApi();
  const policy = { spec: { tier: 'none', selector: 'all()' } };
  t.is((await apply(api, policy, 'one', '', 'globalnetworkpolicies/p')).statusCode, 404);
  const pool = { spec: { cidr: '10.0.0.0/16' } };
  t.is((await apply(api, pool, 'one', '', 'ippools/p')).statusCode, 201);
  t.is((await apply(api, pool, 'one', '', 'ippools/q')).statusCode, 422, 'they overlap');
});

test('apply infers the directions of a policy anew, unless somebody says them', async (t) => {
  const api = await createTestApi();
  const at = 'globalnetworkpolicies/p';
  const rules = [{ action: 'Allow' }];
  t.deepEqual((await apply(api, { spec: { ingress: rules } }, 'one', '', at)).json().spec.types, ['Ingress']);
  const both = await apply(api, { spec: { ingress: rules, egress: rules } }, 'one', '', at);
  t.deepEqual(both.json().spec.types, ['Ingress', 'Egress']);
  await apply(api, { spec: { types: ['Egress'] } }, 'two', '', at);
  t.deepEqual((await apply(api, { spec: { ingress: rules } }, 'one', '', at)).json().spec.types, ['Egress']);
});

test('apply by kubectl takes over what kubectl applied from its own side', async (t) => {
  const api = await createTestApi();
  const set = networkSet('a', { x: '1' });
  const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
  const annotations = { [annotation]: JSON.stringify(set) };
  await api.call('POST', 'globalnetworksets', { ...set, metadata: { ...set.metadata, annotations } });
  const next = networkSet('a', { x: '2' });
  t.is((await apply(api, next, 'somebody')).statusCode, 409);
  const taken = await apply(api, next, 'kubectl');
  t.is(taken.statusCode, 200);
  t.deepEqual(JSON.parse(taken.json().metadata.annotations[annotation]), next, 'the annotation stays true');
  t.is((await apply(api, next, 'kubectl')).json().metadata.resourceVersion, taken.json().metadata.resourceVersion);
});

test('the writers of a tracked object that do not apply are bounded', async (t) => {
  const api = await createTestApi();
  await apply(api, networkSet('a'));
  for (let i = 0; i < 20; i++)
    await api.call(
      'PATCH',
      `globalnetworksets/a?fieldManager=m${i}`,
      { metadata: { labels: { [`l${i}`]: 'x' } } },
      mergeType,
    );
  const names = Object.keys(await owners(api));
  t.is(names.length, 11);
  t.true(names.includes('one Apply') && names.includes('ancient-changes Update'));
  t.is((await apply(api, { metadata: { labels: { l0: 'y' } } })).statusCode, 409);
});

test('many managers apply at once: each one that is told of success is there', async (t) => {
  const api = await createTestApi();
  const names = Array.from({ length: 8 }, (_, i) => `m${i}`);
  const answers = await Promise.all(names.map((name) => apply(api, { metadata: { labels: { [name]: 'x' } } }, name)));
  const done = names.filter((_, i) => answers[i]!.statusCode < 300);
  t.true(done.length >= 2);
  t.is(answers.filter(({ statusCode }) => statusCode === 201).length, 1);
  const { metadata } = (await api.call('GET', 'globalnetworksets/a')).json();
  t.deepEqual(Object.keys(metadata.labels).sort(), done);
  t.deepEqual(metadata.managedFields.map((m: { manager: string }) => m.manager).sort(), done);
});
