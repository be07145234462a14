/**
 * The authorisation matrix through the real API: everybody x verb x kind x tier x namespace x own or other host, and who may give away what,
 * each answer compared with a plain evaluator that shares no code with the product. Nothing is allowed that is not listed.
 */
import test, { type ExecutionContext } from 'ava';
import { type AccessApi, type Answer, type Caller, calico, rbac, startAccessApi } from './access-api.ts';
import {
  type Given,
  hostMayWrite,
  mayTouchPolicy,
  type Person,
  type Question,
  type Rule,
  rulesAllow,
} from './naive-evaluator.ts';

const calicoGroup = 'projectcalico.org';
const rbacGroup = 'rbac.authorization.k8s.io';
const reading = ['get', 'list', 'watch'];
const writing = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const verbs = [...reading, ...writing];
const namespaces = ['shop', 'bank'];
const tiers = ['default', 'ops'];
const hosts = ['h1', 'h2'];

function on(resources: string[], some: readonly string[] = ['*'], resourceNames?: string[], group = calicoGroup): Rule {
  return { verbs: some, apiGroups: [group], resources, ...(resourceNames && { resourceNames }) };
}

const policies = ['networkpolicies', 'globalnetworkpolicies'];

/** What is documented of the default roles, written down by hand, and roles of our own that try each turn of the rules. */
const givens: readonly Given[] = [
  { to: 'calico:viewers', rules: [on(['*'], reading), on(['namespaces'], reading, undefined, '')] },
  {
    to: 'calico:editors',
    rules: [on(['*'], verbs), on(['namespaces'], [...reading, 'create', 'update', 'patch', 'delete'], undefined, '')],
  },
  { to: 'system:nodes', rules: [on(['*'], reading)] },
  {
    to: 'ops',
    rules: [
      on(policies),
      on(['tiers'], ['get'], ['ops']),
      on(['tier.networkpolicies', 'tier.globalnetworkpolicies'], ['*'], ['ops.*']),
    ],
  },
  { to: 'no-tier', rules: [on(policies), on(['tier.networkpolicies', 'tier.globalnetworkpolicies'], ['*'])] },
  { to: 'no-policies', rules: [on(policies), on(['tiers'], ['get', 'list'])] },
  {
    to: 'one-policy',
    rules: [on(policies), on(['tiers'], ['get']), on(['tier.globalnetworkpolicies'], verbs, ['gnp-ops'])],
  },
  { to: 'only-tiers', rules: [on(['tiers'], ['get']), on(['tier.networkpolicies'], ['*'], ['ops.*'])] },
  {
    to: 'shop-team',
    in: 'shop',
    rules: [on(['networksets', 'networkpolicies', 'nodes']), on(['tier.networkpolicies'])],
  },
  { to: 'shop-team', rules: [on(['tiers'], ['get'], ['default'])] },
  {
    to: 'shop-team',
    in: 'shop',
    rules: [on(['namespaces'], ['get'], undefined, ''), on(['roles'], reading, undefined, rbacGroup)],
  },
  { to: 'deputy', rules: [on(['*'], verbs, undefined, rbacGroup), on(['ippools'], ['get', 'list']), on(['tiers'])] },
];

const people: Readonly<Record<string, Person>> = {
  master: { user: 'root', groups: ['system:masters'] },
  editor: { user: 'eve', groups: ['calico:editors'] },
  viewer: { user: 'vic', groups: ['calico:viewers'] },
  host: { user: 'system:node:h1', groups: ['system:nodes'] },
  // a host's name without its group
  pretender: { user: 'system:node:h1', groups: ['staff'] },
  stranger: { user: 'sam', groups: ['staff'] },
  ...Object.fromEntries(
    ['ops', 'no-tier', 'no-policies', 'one-policy', 'only-tiers', 'shop-team', 'deputy'].map((group) => [
      group,
      { user: `user-${group}`, groups: [group] },
    ]),
  ),
};

/** An object there is, and how a request for it looks. */
interface Thing {
  readonly group: string;
  readonly root: string;
  readonly resource: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly tier?: string;
  /** The host it is of. */
  readonly node?: string;
  readonly members: object;
}

const policySpec = (tier: string) => ({ spec: { tier, selector: 'all()', types: ['Ingress'] } });

const things: readonly Thing[] = [
  ...namespaces.flatMap((namespace) =>
    tiers.map((tier) =>
      thing('networkpolicies', 'NetworkPolicy', `np-${tier}`, { namespace, tier, members: policySpec(tier) }),
    ),
  ),
  ...tiers.map((tier) =>
    thing('globalnetworkpolicies', 'GlobalNetworkPolicy', `gnp-${tier}`, { tier, members: policySpec(tier) }),
  ),
  ...namespaces.map((namespace) => thing('networksets', 'NetworkSet', 'set', { namespace })),
  ...tiers.map((name) =>
    thing('tiers', 'Tier', name, {
      members: { spec: name === 'ops' ? { order: 5 } : { order: 1000000, defaultAction: 'Deny' } },
    }),
  ),
  ...hosts.map((node) => thing('nodes', 'Node', node, { node })),
  ...hosts.map((node) =>
    thing('hostendpoints', 'HostEndpoint', `eth-${node}`, { node, members: { spec: { node, interfaceName: 'eth0' } } }),
  ),
  ...namespaces.map((name) => ({ ...thing('namespaces', 'Namespace', name), group: '', root: '/api/v1' })),
  ...namespaces.map((namespace) => ({
    ...thing('serviceaccounts', 'ServiceAccount', 'ci', { namespace, members: {} }),
    group: '',
    root: '/api/v1',
  })),
  ...namespaces.map((namespace) => ({
    ...thing('roles', 'Role', 'r', { namespace, members: {} }),
    group: rbacGroup,
    root: rbac,
  })),
  { ...thing('clusterroles', 'ClusterRole', 'c', { members: {} }), group: rbacGroup, root: rbac },
];

function thing(resource: string, kind: string, name: string, rest: Partial<Thing> = {}): Thing {
  return { group: calicoGroup, root: calico, resource, kind, name, members: { spec: {} }, ...rest };
}

function collectionOf({ root, namespace, resource }: Thing): string {
  return namespace === undefined ? `${root}/${resource}` : `${root}/namespaces/${namespace}/${resource}`;
}

function manifestOf(one: Thing, name = one.name): Record<string, unknown> {
  const apiVersion = one.group === '' ? 'v1' : one.group === calicoGroup ? `${calicoGroup}/v3` : `${rbacGroup}/v1`;
  const { namespace } = one;
  return { kind: one.kind, apiVersion, metadata: { name, ...(namespace && { namespace }) }, ...one.members };
}

/** Roles and bindings for what was given, and every thing. */
async function furnish(api: AccessApi): Promise<Caller> {
  const master = await api.as('root', 'system:masters');
  const made = async (path: string, body: unknown) => {
    const { code, body: answer } = await master.call('POST', path, body);
    if (code !== 201 && code !== 409) throw new Error(`${path}: ${JSON.stringify(answer)}`);
  };
  for (const [i, { to, in: namespace, rules }] of givens.entries()) {
    if (to.startsWith('calico:') || to.startsWith('system:')) continue; // the product's own
    const name = `given-${i}`;
    const subjects = [{ kind: 'Group', name: to }];
    await made(`${rbac}/clusterroles`, { metadata: { name }, rules });
    const collection = namespace === undefined ? 'clusterrolebindings' : `namespaces/${namespace}/rolebindings`;
    await made(`${rbac}/${collection}`, { metadata: { name }, subjects, roleRef: { kind: 'ClusterRole', name } });
  }
  const first = things.filter((one) => one.kind === 'Tier');
  for (const one of [...first, ...things]) await made(collectionOf(one), manifestOf(one));
  return master;
}

/** What the plain evaluator says of one request. */
function expected(person: Person, one: Thing, verb: string, name: string | undefined): boolean {
  const within = one.kind === 'Namespace' ? name : one.namespace;
  const question: Question = {
    verb,
    group: one.group,
    resource: one.resource,
    ...(within !== undefined && { namespace: within }),
    ...(name !== undefined && { name }),
  };
  if (hostMayWrite(person, question, one.node)) return true;
  return one.tier === undefined
    ? rulesAllow(person, givens, question)
    : mayTouchPolicy(person, givens, question, { tier: one.tier, name: name ?? one.name });
}

/** Makes one request about one thing; nothing is changed by it. */
async function ask(caller: Caller, one: Thing, verb: string, version: string): Promise<Answer> {
  const collection = collectionOf(one);
  const path = `${collection}/${one.name}`;
  const merge = { 'content-type': 'application/merge-patch+json' };
  switch (verb) {
    case 'get':
      return caller.call('GET', path);
    case 'create':
      return caller.call('POST', `${collection}?dryRun=All`, manifestOf(one, newName(one)));
    case 'update': {
      const manifest = manifestOf(one);
      const metadata = { ...(manifest.metadata as object), resourceVersion: version };
      return caller.call('PUT', `${path}?dryRun=All`, { ...manifest, metadata });
    }
    case 'patch':
      return caller.call('PATCH', `${path}?dryRun=All`, { metadata: { labels: { a: 'b' } } }, merge);
    default:
      return caller.call('DELETE', `${path}?dryRun=All`);
  }
}

/** A host's node has the name of the host: its creation is tried with the name it has. */
function newName(one: Thing): string {
  return one.kind === 'Node' ? one.name : `${one.name}2`;
}

/** Beyond the door: what a request meets that was let in. */
const letIn: readonly number[] = [200, 201, 409];

test('nobody may do what is not listed, and everybody what is: verbs on objects', async (t) => {
  await using api = await startAccessApi();
  const master = await furnish(api);
  const versions = new Map<Thing, string>();
  for (const one of things) {
    const { body } = await master.call('GET', `${collectionOf(one)}/${one.name}`);
    versions.set(one, body.metadata.resourceVersion);
  }
  let cells = 0;
  let allowed = 0;
  for (const [who, person] of Object.entries(people)) {
    const caller = await api.as(person.user, ...person.groups);
    await Promise.all(
      things.map(async (one) => {
        for (const verb of ['get', 'create', 'update', 'patch', 'delete']) {
          const name = verb === 'create' ? undefined : one.name;
          // a policy that is made is asked for under its own name
          const should =
            verb === 'create' && one.tier !== undefined ? createPolicy(person, one) : expected(person, one, verb, name);
          const isBuiltIn = verb === 'delete' && one.kind === 'Tier' && one.name === 'default';
          const { code, body } = await ask(caller, one, verb, versions.get(one)!);
          const isLetIn = letIn.includes(code) || (isBuiltIn && /built-in/.test(body.message));
          const cell = `${who}: ${verb} ${collectionOf(one)}/${one.name}: ${code} ${body?.message ?? ''}`;
          t.is(isLetIn, should, cell);
          if (!isLetIn) t.is(code, 403, cell);
          cells++;
          if (should) allowed++;
        }
      }),
    );
  }
  t.log(`${cells} cells, ${allowed} allowed, ${api.denials.length} denials in the log`);
  t.true(allowed > 100 && allowed < cells);
  t.is(api.denials.filter(({ message }) => message === 'denied').length, cells - allowed, 'each denial is logged');
});

function createPolicy(person: Person, one: Thing): boolean {
  const question = {
    verb: 'create',
    group: one.group,
    resource: one.resource,
    ...(one.namespace && { namespace: one.namespace }),
  };
  return mayTouchPolicy(person, givens, question, { tier: one.tier!, name: newName(one) });
}

test('collections show, and delete, exactly what is open', async (t) => {
  await using api = await startAccessApi();
  await furnish(api);
  let cells = 0;
  const collections = [...new Set([...things.map(collectionOf), `${calico}/networkpolicies`])];
  for (const [who, person] of Object.entries(people)) {
    const caller = await api.as(person.user, ...person.groups);
    await Promise.all(
      collections.map(async (path) => {
        const isEverywhere = path === `${calico}/networkpolicies`;
        const members = things.filter(
          (one) => collectionOf(one) === path || (isEverywhere && one.kind === 'NetworkPolicy'),
        );
        const [sample] = members;
        for (const verb of ['list', 'watch', 'deletecollection']) {
          if (verb === 'deletecollection' && (isEverywhere || sample!.kind === 'Namespace' || sample!.kind === 'Tier'))
            continue;
          const question = {
            verb,
            group: sample!.group,
            resource: sample!.resource,
            ...(!isEverywhere && sample!.namespace && { namespace: sample!.namespace }),
          };
          const open = members.filter(({ tier, name }) =>
            tier === undefined
              ? rulesAllow(person, givens, question)
              : mayTouchPolicy(person, givens, question, { tier, name }),
          );
          const names = await namesIn(t, caller, path, verb);
          const cell = `${who}: ${verb} ${path}`;
          cells++;
          if (open.length > 0)
            t.deepEqual(
              names?.filter((name) => members.some((one) => one.name === name)),
              open.map(({ name }) => name).sort(),
              cell,
            );
          else t.deepEqual(names ?? [], [], cell);
          if (!rulesAllow(person, givens, question)) t.is(names, undefined, `${cell}: refused as a whole`);
        }
      }),
    );
  }
  t.log(`${cells} cells`);
});

/** Undefined when refused. */
async function namesIn(t: ExecutionContext, caller: Caller, path: string, verb: string): Promise<string[] | undefined> {
  if (verb === 'watch') return namesWatched(caller, path);
  const { code, body } = await caller.call(
    ...((verb === 'list' ? ['GET', path] : ['DELETE', `${path}?dryRun=All`]) as [string, string]),
  );
  if (code === 403) return undefined;
  t.is(code, 200, `${verb} ${path}: ${JSON.stringify(body)}`);
  return body.items.map((item: { metadata: { name: string } }) => item.metadata.name).sort();
}

/** What a watch replays; it ends itself after a second. */
async function namesWatched(caller: Caller, path: string): Promise<string[] | undefined> {
  const { body: list, code } = await caller.call('GET', `${path}?watch=true&timeoutSeconds=1&resourceVersion=0`);
  if (code === 403) return undefined;
  const lines =
    typeof list === 'string'
      ? list
          .trim()
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line))
      : [list];
  return lines.map((line) => line.object.metadata.name).sort();
}
