import test from 'ava';
import { IptablesState } from '#appliance/felix/dataplane/iptables/desired-state.ts';
import { countHits } from '#appliance/felix/dataplane/iptables/hits.ts';
import type { FelixConfig } from '#appliance/felix/model/config.ts';
import { allowAllProfile, config, hostEndpoint, inSync, policy, rule, tier, workload } from '../sample.ts';

/** Each rule with as many packets as `packetsOf` says, ten bytes each, as `iptables-save -c` prints it. */
function count(changes: Partial<FelixConfig>, packetsOf: (chain: string) => number) {
  const state = new IptablesState('here');
  const limits = { packetRate: { perSecond: 10, burst: 5 }, maxConnections: 3 };
  const messages = [
    config(changes),
    allowAllProfile,
    policy('p', { inbound: [rule('deny')], outbound: [rule('allow')] }),
    workload('a', { ipv4Nets: ['10.0.0.1/32'], tiers: [tier(['p'], ['p'])], qos: { ingress: limits, egress: {} } }),
    workload('b', { isActive: false }),
    hostEndpoint('h', { interfaceName: 'eth0', tiers: [tier(['p'])] }),
    inSync,
  ];
  for (const message of messages) for (const _ of state.accept(message));
  const links = [{ name: 'eth0', addresses: ['192.0.2.1'] }];
  for (const _ of state.settle(() => links));
  const saves = state.rulesets.map(({ tables }) =>
    Object.values(tables)
      .flatMap(({ chains }) => [...chains])
      .flatMap(([name, { hashes }]) => {
        const packets = packetsOf(name);
        return hashes.map((hash) => `[${packets}:${packets * 10}] -A ${name} -m comment --comment "cali:${hash}"`);
      })
      .join('\n'),
  );
  return countHits(saves, state.rulesets, state);
}

test('what no policy decided is counted under the names of the other backend', (t) => {
  const { others } = count({}, () => 1);
  t.deepEqual(others.map(({ name }) => name).sort(), [
    'drop/connection-limit',
    'drop/conntrack-invalid',
    'drop/endpoint-down',
    'drop/endpoint-to-host',
    'drop/no-longer-allowed',
    'drop/no-profile-match/egress',
    'drop/no-profile-match/ingress',
    'drop/packet-rate',
    'drop/reverse-path',
    'drop/tunnel-from-workload',
    'drop/unknown-interface',
    'tier/default/egress',
    'tier/default/ingress',
  ]);
  t.deepEqual(
    others.find(({ name }) => name === 'drop/reverse-path'),
    { name: 'drop/reverse-path', packets: 2n, bytes: 20n },
    'of both families',
  );
});

test('the direction is that of the policies in the chain', (t) => {
  const { others, rules } = count({}, (chain) => (chain.startsWith('cali-tw-') ? 7 : 0));
  const packetsOf = (wanted: string) => others.find(({ name }) => name === wanted)?.packets;
  t.is(packetsOf('tier/default/ingress'), 14n);
  t.is(packetsOf('tier/default/egress'), 0n);
  t.deepEqual(
    rules.map(({ direction, action, packets }) => [direction, action, packets]),
    [
      ['ingress', 'deny', 0n],
      ['egress', 'allow', 0n],
    ],
  );
});

test('what lets packets through is no drop', (t) => {
  const { others } = count({ defaultEndpointToHostAction: 'Accept', isConntrackInvalidCheckDisabled: true }, () => 1);
  const names = others.map(({ name }) => name);
  t.false(names.includes('drop/endpoint-to-host'));
  t.false(names.includes('drop/conntrack-invalid'));
});
