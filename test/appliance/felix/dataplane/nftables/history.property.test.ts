/** What the kernel ends up with depends on the present content only: any history gives the table a fresh start gives. */
import test from 'ava';
import fc from 'fast-check';
import type { HostEndpoint, WorkloadEndpoint } from '#appliance/felix/model/endpoint.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import type { Policy, Rule, RuleSide, TierPolicies } from '#appliance/felix/model/policy.ts';
import { config, hostEndpoint, inSync, policyId, samplePolicy, workload, workloadGone } from '../sample.ts';
import { openDataplane } from './lab.ts';

/** All that there is at one time; absent things are absent. */
interface World {
  readonly policies: Readonly<Record<string, Policy>>;
  readonly sets: Readonly<Record<string, readonly string[]>>;
  readonly profiles: Readonly<Record<string, readonly Rule[]>>;
  readonly workloads: Readonly<Record<string, Partial<WorkloadEndpoint>>>;
  readonly hosts: Readonly<Record<string, Partial<HostEndpoint>>>;
  readonly pools: readonly string[];
  readonly doesReject: boolean;
}

const policyNames = ['p1', 'p2', 'p3'];
const setIds = ['s:1', 's:2'];
const portSetId = 'n:1';
const members = [
  ...['10.0.0.1/32', '10.0.0.2/32', '10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24', '10.0.0.0/8', '11.0.0.0/8'],
  ...['fd00::1/128', 'fd00::/64', 'fd00:1::/64', 'fd00:2::/63'],
];
/**
 * Two CIDRs of a length lie one by one, one as an interval: histories change between the two. And with so few cells allowed, lists change between
 * the linear and the compiled form.
 */
const forms = [
  { title: 'linear', hashedLengthMin: 1, isLinear: true },
  { title: 'compiled', hashedLengthMin: 1 },
  { title: 'compiled where it is small', hashedLengthMin: 1, compiledCostMax: 12 },
];

const side: fc.Arbitrary<RuleSide> = fc.record(
  {
    nets: fc.subarray(['10.0.0.0/8', '11.0.0.0/8', '0.0.0.0/0', 'fd00::/8']),
    notNets: fc.subarray(['10.1.0.0/16', 'fd01::/16']),
    ports: fc.subarray([
      { first: 80, last: 80 },
      { first: 79, last: 90 },
      { first: 1000, last: 65535 },
    ]),
    namedPortSets: fc.subarray([portSetId]),
    sets: fc.subarray(setIds),
    notSets: fc.subarray(setIds),
  },
  { requiredKeys: [] },
);
const rule: fc.Arbitrary<Rule> = fc.record({
  action: fc.constantFrom('allow', 'deny', 'pass', 'log'),
  protocol: fc.constantFrom(6, 17),
  src: side,
  dst: side,
});
const rules = fc.array(rule, { maxLength: 3 });
const policy = fc
  .record({ inbound: rules, outbound: rules, isStaged: fc.boolean(), isUntracked: fc.boolean() })
  .map((content) => samplePolicy(content));
const tiers: fc.Arbitrary<TierPolicies[]> = fc.array(
  fc.record({
    name: fc.constantFrom('default', 'security'),
    defaultAction: fc.constantFrom('Deny', 'Pass'),
    ingress: fc.subarray(policyNames).map((names) => names.map(policyId)),
    egress: fc.subarray(policyNames).map((names) => names.map(policyId)),
  }),
  { maxLength: 2 },
);
const profileNames = ['a', 'b'];
const world: fc.Arbitrary<World> = fc.record({
  policies: fc.dictionary(fc.constantFrom(...policyNames), policy),
  sets: fc.dictionary(fc.constantFrom(...setIds), fc.subarray(members)),
  profiles: fc.dictionary(fc.constantFrom(...profileNames), rules),
  workloads: fc.dictionary(
    fc.constantFrom('w1', 'w2', 'w3'),
    fc.record({
      tiers,
      profiles: fc.subarray(profileNames),
      isActive: fc.boolean(),
      interfaceName: fc.constantFrom('cali1', 'cali2'),
    }),
  ),
  hosts: fc.dictionary(
    fc.constantFrom('h1', 'h2'),
    fc.record({
      interfaceName: fc.constantFrom('*', 'eth0', 'eth1'),
      tiers,
      untrackedTiers: tiers,
      forwardTiers: tiers,
      profiles: fc.subarray(profileNames),
    }),
  ),
  pools: fc.subarray(['10.0.0.0/16', '10.1.0.0/16', 'fd00::/48']),
  doesReject: fc.boolean(),
});

for (const { title, ...options } of forms) {
  test(`any history of worlds leaves the table that a fresh start makes of the last one (${title})`, async (t) => {
    await fc.assert(
      fc.asyncProperty(fc.array(world, { minLength: 2, maxLength: 4 }), async (history) => {
        await using old = openDataplane(options);
        let before = emptyWorld;
        for (const [i, next] of history.entries()) {
          await old.send(...changes(before, next), ...(i === 0 ? [inSync] : []));
          before = next;
        }
        await using fresh = openDataplane(options);
        await fresh.send(...changes(emptyWorld, before), inSync);
        t.is(await old.table(), await fresh.table());
      }),
      { numRuns: 30, verbose: true },
    );
  });

  test(`a restart finds its own table unchanged, whatever is in it (${title})`, async (t) => {
    await fc.assert(
      fc.asyncProperty(world, async (only) => {
        const messages = [...changes(emptyWorld, only), inSync];
        await using first = openDataplane(options);
        await first.send(...messages);
        const chains = async () =>
          JSON.stringify((await first.kernel.nft.dumpTable('calico'))?.rules.map(({ handle }) => String(handle)));
        const handles = await chains();
        await using second = openDataplane({ ...options, kernel: first.kernel });
        await second.send(...messages);
        t.is(await chains(), handles);
      }),
      { numRuns: 20, verbose: true },
    );
  });
}

const emptyWorld: World = {
  policies: {},
  sets: {},
  profiles: {},
  workloads: {},
  hosts: {},
  pools: [],
  doesReject: false,
};

/** From one world to the next as the graph would tell it: what is referred to comes first and goes last. */
function changes(before: World, next: World): Message[] {
  const messages: Message[] = [config({ filterDenyAction: next.doesReject ? 'Reject' : 'Drop' })];
  messages.push({
    type: 'ip-set-update',
    id: portSetId,
    setType: 'ip-port',
    members: ['10.0.0.1,6:80', 'fd00::1,17:53'],
  });
  for (const id of setIds) messages.push({ type: 'ip-set-update', id, setType: 'net', members: next.sets[id] ?? [] });
  for (const [name, content] of Object.entries(next.policies)) {
    messages.push({ type: 'policy-update', id: policyId(name), policy: content });
  }
  for (const [name, inbound] of Object.entries(next.profiles)) {
    messages.push({ type: 'profile-update', name, profile: { inbound, outbound: [] } });
  }
  for (const [name, endpoint] of Object.entries(next.workloads)) messages.push(workload(name, endpoint));
  for (const [name, endpoint] of Object.entries(next.hosts)) messages.push(hostEndpoint(name, endpoint));
  for (const name of gone(before.workloads, next.workloads)) messages.push(workloadGone(name));
  for (const name of gone(before.hosts, next.hosts)) messages.push({ type: 'host-endpoint-remove', id: { name } });
  for (const name of gone(before.profiles, next.profiles)) messages.push({ type: 'profile-remove', name });
  for (const name of gone(before.policies, next.policies)) messages.push({ type: 'policy-remove', id: policyId(name) });
  for (const id of next.pools) messages.push({ type: 'ip-pool-update', id, pool: pool(id) });
  for (const id of before.pools) if (!next.pools.includes(id)) messages.push({ type: 'ip-pool-remove', id });
  return messages;
}

function gone(before: object, next: object): string[] {
  return Object.keys(before).filter((name) => !Object.hasOwn(next, name));
}

function pool(cidr: string) {
  return { cidr, natOutgoing: cidr !== '10.1.0.0/16', ipipMode: 'Never', vxlanMode: 'Never', allowedUses: [] } as const;
}
