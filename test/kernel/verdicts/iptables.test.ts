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
import { checkFlows } from './check.ts';
import { generateFlows, generateWorld, node } from './generate.ts';
import { type Lab, openLab } from './lab.ts';
import { manifestsOf, settingsOf } from './manifests.ts';
import type { GenWorld } from './model.ts';
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
    const counts = { sent: 0, allowed: 0, translated: 0, answered: 0 };
    for (let seed = firstSeed; counts.sent < pairs; seed++) {
      const random = createRandom(seed);
      const world = generateWorld(random);
      t.deepEqual(await enforcer.enforce(world, variationOf(seed)), [], `seed ${seed}: the kernel refused rules`);
      const flows = generateFlows(random, Math.min(flowsPerWorld, pairs - counts.sent), world);
      const { wrong, ...found } = await checkFlows(lab, world, flows);
      const text = manifestsOf(world).map((m) => JSON.stringify(m.value));
      t.deepEqual(wrong, [], `VERDICT_SEED=${seed}\n${text.join('\n')}`);
      counts.sent += flows.length;
      for (const key of ['allowed', 'translated', 'answered'] as const) counts[key] += found[key];
      if (wrong.length > 0) break;
    }
    t.log(`from seed ${firstSeed} on: ${JSON.stringify(counts)}`);
    const { sent, allowed, translated, answered } = counts;
    t.true(allowed > sent / 10 && allowed < (sent * 9) / 10, 'the worlds allow some packets and deny some');
    t.true(translated > sent / 100 && answered > sent / 100, 'some are translated, and some answered');
  });
}

/** Settings that change how verdicts are written and not what they are; each world has others. */
function variationOf(seed: number): Record<string, string> {
  const action = seed % 2 === 0 ? 'Accept' : 'Return';
  return {
    iptablesfilterallowaction: action,
    iptablesmangleallowaction: action,
    iptablesfilterdenyaction: seed % 3 === 0 ? 'Reject' : 'Drop',
    chaininsertmode: seed % 5 === 0 ? 'Append' : 'Insert',
  };
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
  const all = { ...settingsOf(world), ...settings };
  const values = new Map(Object.entries(all).map(([name, text]) => [name, { text, layer: 'test' }]));
  return { type: 'config-update', config: decodeConfig(values).config };
}
