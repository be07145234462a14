/**
 * Same verdicts as the rules say, with iptables and ipset: the worlds, packets and evaluator of `verdicts.test.ts` against both variants of the
 * programs. VERDICT_PAIRS asks for more pairs of world and packet, VERDICT_SEED starts from another world.
 */
import test from 'ava';
import { createGraph } from '#appliance/felix/calc/graph.ts';
import { decodeConfig } from '#appliance/felix/config/decode.ts';
import { createIptablesDataplane } from '#appliance/felix/dataplane/iptables/backend.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { openPrograms } from '#appliance/kernel/programs.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { evaluate } from './evaluate.ts';
import { generateFlows, generateWorld, node } from './generate.ts';
import { type Lab, openLab } from './lab.ts';
import { manifestsOf } from './manifests.ts';
import type { Flow, GenWorld } from './model.ts';
import { createRandom } from './random.ts';

const variants = ['nft', 'legacy'] as const;
type Variant = (typeof variants)[number];
const pairs = Math.ceil(Number(process.env.VERDICT_PAIRS ?? 10_000) / variants.length);
const firstSeed = Number(process.env.VERDICT_SEED ?? 1);
const flowsPerWorld = 100;

for (const variant of variants) {
  test.serial(`iptables-${variant}: the kernel's verdict is the rules' verdict for ${pairs} packets`, async (t) => {
    t.timeout(60_000 + pairs * 20);
    await using lab = await openLab();
    await using enforcer = openEnforcer(lab, variant);
    let allowed = 0;
    let sent = 0;
    for (let seed = firstSeed; sent < pairs; seed++) {
      const random = createRandom(seed);
      const world = generateWorld(random);
      t.deepEqual(await enforcer.enforce(world, settingsOf(seed)), [], `seed ${seed}: the kernel refused rules`);
      const flows = generateFlows(random, Math.min(flowsPerWorld, pairs - sent));
      const fates = await lab.probe(flows);
      const wrong = flows.flatMap((flow, i) => difference(world, flow, fates[i]!));
      const text = manifestsOf(world).map((m) => JSON.stringify(m.value));
      t.deepEqual(wrong, [], `VERDICT_SEED=${seed}\n${text.join('\n')}`);
      allowed += fates.filter((isSeen) => isSeen).length;
      sent += flows.length;
      if (wrong.length > 0) break;
    }
    t.log(`${sent} packets from seed ${firstSeed} on, ${allowed} allowed`);
    t.true(allowed > sent / 10 && allowed < (sent * 9) / 10, 'the worlds allow some packets and deny some');
  });
}

/** Settings that change how verdicts are written and not what they are; each world has others. */
function settingsOf(seed: number): Record<string, string> {
  const action = seed % 2 === 0 ? 'Accept' : 'Return';
  return {
    iptablesfilterallowaction: action,
    iptablesmangleallowaction: action,
    iptablesfilterdenyaction: seed % 3 === 0 ? 'Reject' : 'Drop',
    chaininsertmode: seed % 5 === 0 ? 'Append' : 'Insert',
  };
}

function difference(world: GenWorld, flow: Flow, isSeen: boolean): string[] {
  const expected = evaluate(world, flow);
  return (expected === 'allow') === isSeen
    ? []
    : [`${isSeen ? 'came through' : 'was dropped'}, should be ${expected}: ${JSON.stringify(flow)}`];
}

/** The graph and the dataplane in the lab's host, one world after the other; what changes between two worlds goes through incrementally. */
function openEnforcer(lab: Lab, variant: Variant) {
  const refused = new Map<string, string>();
  const netnsPath = `/run/netns/${lab.host}`;
  const kernel = openKernel({ netnsPath });
  const graph = createGraph({ hostname: node });
  const dataplane = createIptablesDataplane({
    kernel,
    hostname: node,
    programs: openPrograms({ netnsPath }),
    log: silentLogger,
    reports: {
      onWorkloadEndpointStatus() {},
      onHostEndpointStatus() {},
      onPolicyStatus(id, problem) {
        if (problem === undefined) refused.delete(JSON.stringify(id));
        else refused.set(JSON.stringify(id), problem);
      },
      onApplied() {},
    },
  });
  const present = new Set<string>();
  let revision = 0;
  return {
    async enforce(world: GenWorld, settings: Record<string, string>): Promise<string[]> {
      const manifests = manifestsOf(world);
      const wanted = new Set(manifests.map((m) => m.key));
      const gone = [...present].filter((key) => !wanted.has(key));
      const isFirst = revision === 0;
      revision++;
      graph.update([
        ...gone.map((key) => ({ key, value: undefined, revision })),
        ...manifests.map((m) => ({ key: m.key, value: m.value, revision })),
      ]);
      present.clear();
      for (const key of wanted) present.add(key);
      if (isFirst) graph.status('in-sync');
      dataplane.accept({
        revision,
        messages: [configMessage(world, { ...settings, iptablesbackend: variant }), ...(graph.flush()?.messages ?? [])],
      });
      await dataplane.settled();
      return [...refused].map(([id, problem]) => `${id}: ${problem}`);
    },
    async [Symbol.asyncDispose]() {
      await dataplane.close();
      kernel.close();
    },
  };
}

function configMessage(world: GenWorld, settings: Record<string, string>): Message {
  const values = new Map([
    ['defaultendpointtohostaction', { text: world.endpointToHostAction, layer: 'test' }],
    ...Object.entries(settings).map(([name, text]) => [name, { text, layer: 'test' }] as const),
  ]);
  return { type: 'config-update', config: decodeConfig(values).config };
}
