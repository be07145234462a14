/** Nobody gives away what they do not have: each maker x each role, compared with counting out every single right the role would give. */
import test from 'ava';
import fc from 'fast-check';
import { missingRights } from '#appliance/access/escalation.ts';
import { type AccessApi, type Caller, rbac, startAccessApi } from './access-api.ts';
import { everyQuestion, type Rule, rulesAllow } from './naive-evaluator.ts';

const calico = 'projectcalico.org';
const rbacGroup = 'rbac.authorization.k8s.io';
const roleMaking: Rule = {
  verbs: ['*'],
  apiGroups: [rbacGroup],
  resources: ['clusterroles', 'clusterrolebindings', 'roles', 'rolebindings'],
};
const plainMaking: Rule = { ...roleMaking, verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'] };

function rule(verbs: string[], resources: string[], resourceNames?: string[]): Rule {
  return { verbs, apiGroups: [calico], resources, ...(resourceNames && { resourceNames }) };
}

const makers: Readonly<Record<string, readonly Rule[]>> = {
  pools: [plainMaking, rule(['get', 'list'], ['ippools'])],
  'one-pool': [plainMaking, rule(['get'], ['ippools'], ['p1'])],
  star: [plainMaking, rule(['*'], ['*'])],
  pieces: [plainMaking, rule(['get'], ['ippools']), rule(['list'], ['ippools']), rule(['get'], ['tiers'])],
  nothing: [plainMaking],
  unbound: [roleMaking], // `*` has `escalate` and `bind`
};

const wanted: readonly Rule[] = [
  rule(['get'], ['ippools']),
  rule(['get', 'list'], ['ippools']),
  rule(['get'], ['ippools'], ['p1']),
  rule(['get'], ['ippools'], ['p1', 'p2']),
  rule(['get'], ['ippools', 'tiers']),
  rule(['*'], ['ippools']),
  rule(['get'], ['*']),
  rule(['delete'], ['tier.networkpolicies'], ['ops.*']),
  { ...rule(['get'], ['ippools']), apiGroups: ['*'] },
  plainMaking,
];

const words = {
  verbs: ['get', 'list', 'create', 'update', 'patch', 'delete'],
  groups: [calico, rbacGroup],
  resources: [
    'ippools',
    'tiers',
    'tier.networkpolicies',
    'clusterroles',
    'clusterrolebindings',
    'roles',
    'rolebindings',
  ],
  names: ['p1', 'p2', 'ops.*'],
};

/** Every single right of the role is one the maker has. */
function mayGive(owned: readonly Rule[], given: readonly Rule[]): boolean {
  const person = { user: 'u', groups: [] };
  return everyQuestion(words).every(
    (question) =>
      !rulesAllow(person, [{ to: 'u', rules: given }], question) ||
      rulesAllow(person, [{ to: 'u', rules: owned }], question),
  );
}

async function makersOf(api: AccessApi): Promise<Record<string, Caller>> {
  const master = await api.as('root', 'system:masters');
  const callers: Record<string, Caller> = {};
  for (const [name, rules] of Object.entries(makers)) {
    await master.call('POST', `${rbac}/clusterroles`, { metadata: { name }, rules });
    const roleRef = { kind: 'ClusterRole', name };
    await master.call('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef,
      subjects: [{ kind: 'User', name }],
    });
    callers[name] = await api.as(name);
  }
  for (const [i, one] of wanted.entries())
    await master.call('POST', `${rbac}/clusterroles`, { metadata: { name: `wanted-${i}` }, rules: [one] });
  return callers;
}

test('roles and bindings that give more than their maker has are refused, by each path', async (t) => {
  await using api = await startAccessApi();
  const callers = await makersOf(api);
  let cells = 0;
  for (const [name, caller] of Object.entries(callers)) {
    await caller.call('POST', `${rbac}/clusterroles`, { metadata: { name: `of-${name}` } });
    for (const [i, one] of wanted.entries()) {
      const should = name === 'unbound' || mayGive(makers[name]!, [one]);
      const subjects = [{ kind: 'User', name: 'friend' }];
      const roleRef = { kind: 'ClusterRole', name: `wanted-${i}` };
      const merge = { 'content-type': 'application/merge-patch+json' };
      const answers = [
        await caller.call('POST', `${rbac}/clusterroles?dryRun=All`, { metadata: { name: 'new' }, rules: [one] }),
        await caller.call('POST', `${rbac}/namespaces/shop/roles?dryRun=All`, {
          metadata: { name: 'new' },
          rules: [one],
        }),
        await caller.call('PATCH', `${rbac}/clusterroles/of-${name}?dryRun=All`, { rules: [one] }, merge),
        await caller.call('POST', `${rbac}/clusterrolebindings?dryRun=All`, {
          metadata: { name: 'new' },
          roleRef,
          subjects,
        }),
        await caller.call('POST', `${rbac}/namespaces/shop/rolebindings?dryRun=All`, {
          metadata: { name: 'new' },
          roleRef,
          subjects,
        }),
      ];
      for (const [path, { code, body }] of answers.entries()) {
        t.is(code < 300, should, `${name}, ${JSON.stringify(one)}, path ${path}: ${code} ${body.message}`);
        if (!should) t.regex(body.message, /cannot give rights they do not have: \S/);
        cells++;
      }
    }
  }
  t.log(`${cells} cells`);
});

test('who has something in one namespace can give it there only, and a role that stays as it is asks for nothing', async (t) => {
  await using api = await startAccessApi();
  const master = await api.as('root', 'system:masters');
  const rules = [plainMaking, rule(['*'], ['networksets'])];
  await master.call('POST', `${rbac}/clusterroles`, { metadata: { name: 'lead' }, rules });
  await master.call('POST', `${rbac}/clusterroles`, { metadata: { name: 'all' }, rules: [rule(['*'], ['*'])] });
  const binding = {
    metadata: { name: 'lead' },
    roleRef: { kind: 'ClusterRole', name: 'lead' },
    subjects: [{ kind: 'User', name: 'lea' }],
  };
  await master.call('POST', `${rbac}/namespaces/shop/rolebindings`, binding);
  const lea = await api.as('lea');
  const role = { metadata: { name: 'sets' }, rules: [rule(['get'], ['networksets'])] };
  t.is((await lea.call('POST', `${rbac}/namespaces/shop/roles`, role)).code, 201);
  t.is((await lea.call('POST', `${rbac}/namespaces/bank/roles`, role)).code, 403);
  t.is((await lea.call('POST', `${rbac}/clusterroles`, role)).code, 403);
  const give = {
    metadata: { name: 'sets' },
    roleRef: { kind: 'Role', name: 'sets' },
    subjects: [{ kind: 'User', name: 'sam' }],
  };
  t.is(
    (await lea.call('POST', `${rbac}/namespaces/shop/rolebindings`, give)).code,
    201,
    'a role just made can be given',
  );
  const missing = { ...give, metadata: { name: 'x' }, roleRef: { kind: 'Role', name: 'nobody-has-made-it' } };
  t.is((await lea.call('POST', `${rbac}/namespaces/shop/rolebindings`, missing)).code, 403);
  // somebody else has put more into it
  await master.call('PUT', `${rbac}/namespaces/shop/roles/sets`, {
    ...role,
    metadata: {
      name: 'sets',
      resourceVersion: (await master.call('GET', `${rbac}/namespaces/shop/roles/sets`)).body.metadata.resourceVersion,
    },
    rules: [rule(['*'], ['*'])],
  });
  const merge = { 'content-type': 'application/merge-patch+json' };
  const label = { metadata: { labels: { a: 'b' } } };
  t.is((await lea.call('PATCH', `${rbac}/namespaces/shop/roles/sets`, label, merge)).code, 200);
  const widened = { subjects: [{ kind: 'User', name: 'lea' }] };
  t.is((await lea.call('PATCH', `${rbac}/namespaces/shop/rolebindings/sets`, widened, merge)).code, 403);
});

const word = (...list: string[]) => fc.subarray(list, { minLength: 1 });
const anyRule: fc.Arbitrary<Rule> = fc.record(
  {
    verbs: word('get', 'list', 'delete', '*'),
    apiGroups: word(calico, rbacGroup, '*'),
    resources: word('ippools', 'tiers', 'tier.networkpolicies', '*'),
    resourceNames: fc.subarray(['p1', 'p2']),
  },
  { requiredKeys: ['verbs', 'apiGroups', 'resources'] },
);

test('what is missing is counted as by counting out every right, for any roles', (t) => {
  let covered = 0;
  fc.assert(
    fc.property(
      fc.array(anyRule, { maxLength: 4 }),
      fc.array(anyRule, { minLength: 1, maxLength: 2 }),
      (owned, given) => {
        const isCovered = missingRights(owned, given).length === 0;
        if (isCovered) covered++;
        // rules that only together cover a star are not taken for one: to refuse too much is no hole
        return !isCovered || mayGive(owned, given);
      },
    ),
    { numRuns: 500 },
  );
  t.true(covered > 20, 'some are covered');
});
