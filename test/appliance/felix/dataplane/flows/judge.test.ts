/** Live flows are judged as new ones would be: random worlds and flows beside the naive evaluator that the kernel's verdicts are held to. */
import test from 'ava';
import { createGraph } from '#appliance/felix/calc/graph.ts';
import { decodeConfig } from '#appliance/felix/config/decode.ts';
import { isDenied } from '#appliance/felix/dataplane/flows/judge.ts';
import { placesOf } from '#appliance/felix/dataplane/flows/places.ts';
import { SetLookups } from '#appliance/felix/dataplane/flows/set-lookup.ts';
import { DesiredState } from '#appliance/felix/dataplane/nftables/desired-state.ts';
import { finish } from '#appliance/felix/dataplane/nftables/work.ts';
import type { Connection } from '#appliance/kernel/kernel.ts';
import { evaluate } from '#test/kernel/verdicts/evaluate.ts';
import { generateFlows, generateWorld, linkAddresses, node } from '#test/kernel/verdicts/generate.ts';
import { manifestsOf } from '#test/kernel/verdicts/manifests.ts';
import type { Flow, GenWorld, Packet } from '#test/kernel/verdicts/model.ts';
import { createRandom } from '#test/kernel/verdicts/random.ts';

const worlds = Number(process.env.JUDGE_WORLDS ?? 80);
const protocols = { TCP: 6, UDP: 17, ICMP: 1, ICMPv6: 58, SCTP: 132 } as const;
const links = Object.entries(linkAddresses).map(([name, addresses]) => ({ name, addresses }));

function connectionOf({ packet }: Flow): Connection {
  const { source, destination, sourcePort = 40_000, destinationPort } = packet;
  const hasPorts = destinationPort !== undefined;
  return {
    family: packet.family,
    protocol: typeof packet.protocol === 'number' ? packet.protocol : protocols[packet.protocol],
    original: { source, destination, ...(hasPorts ? { sourcePort, destinationPort } : {}), ...icmpOf(packet) },
    reply: {
      source: destination,
      destination: source,
      ...(hasPorts ? { sourcePort: destinationPort, destinationPort: sourcePort } : {}),
    },
    status: 0,
    mark: 0,
    name: { tuple: new Uint8Array() },
  };
}

function icmpOf({ icmp }: Packet) {
  return icmp === undefined ? {} : { icmp };
}

/** Judges flows of a world as the host does once it has all of it. */
function openJudge(world: GenWorld) {
  const graph = createGraph({ hostname: node });
  graph.update(manifestsOf(world).map(({ key, value }) => ({ key, value, revision: 1 })));
  graph.status('in-sync');
  const values = new Map([['defaultendpointtohostaction', { text: world.endpointToHostAction, layer: 'test' }]]);
  const { config } = decodeConfig(values);
  const desired = new DesiredState();
  const messages = [{ type: 'config-update', config } as const, ...(graph.flush()?.messages ?? [])];
  for (const message of messages) finish(desired.accept(message));
  finish(desired.settle(() => links));
  const places = placesOf(desired, config, links);
  const rules = {
    policyOf: desired.policyOf.bind(desired),
    profileOf: desired.profileOf.bind(desired),
    sets: new SetLookups((id) => desired.membersOf(id)),
  };
  return (flow: Flow) => isDenied(connectionOf(flow), places, rules);
}

test(`of ${worlds} worlds, no flow that is allowed is cut, and without host endpoints every denied one is`, (t) => {
  const counts = { allowed: 0, cut: 0, left: 0 };
  for (let seed = 1; seed <= worlds; seed++) {
    const random = createRandom(seed);
    const whole = generateWorld(random);
    const policies = whole.policies.filter((policy) => policy.doNotTrack !== true);
    for (const world of [
      { ...whole, policies },
      { ...whole, policies, hostEndpoints: [] },
    ]) {
      const isCut = openJudge(world);
      for (const flow of generateFlows(random, 60)) {
        const isAllowed = evaluate(world, flow).verdict === 'allow';
        const what = `seed ${seed} ${JSON.stringify(flow)}`;
        if (isAllowed) t.false(isCut(flow), what);
        else if (world.hostEndpoints.length === 0) t.true(isCut(flow), what);
        counts[isAllowed ? 'allowed' : isCut(flow) ? 'cut' : 'left']++;
      }
    }
  }
  t.log(counts);
  t.true(counts.allowed > 1000 && counts.cut > 1000, 'both happen');
});
