/**
 * Same verdicts as the rules say, packet by packet: random worlds go through the graph and the nftables dataplane into a real kernel, real packets are
 * sent, and each fate is compared with the naive evaluator; with policies compiled, and as chains of rules. Of the pairs both forms get their half.
 * VERDICT_PAIRS asks for more pairs (100000 for a night), VERDICT_SEED starts from another world, VERDICT_FORM takes one form (compiled, linear).
 */
import test from 'ava';
import { createGraph } from '#appliance/felix/calc/graph.ts';
import { decodeConfig } from '#appliance/felix/config/decode.ts';
import { createNftablesDataplane } from '#appliance/felix/dataplane/nftables/backend.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { checkFlows } from './check.ts';
import { generateFlows, generateWorld, node } from './generate.ts';
import { type Lab, openLab } from './lab.ts';
import { manifestsOf, settingsOf } from './manifests.ts';
import type { GenWorld } from './model.ts';
import { createRandom } from './random.ts';

const pairs = Number(process.env.VERDICT_PAIRS ?? 10_000);
const firstSeed = Number(process.env.VERDICT_SEED ?? 1);
const flowsPerWorld = 100;
const onlyForm = process.env.VERDICT_FORM;
const forms = ['compiled', 'linear'].filter((form) => onlyForm === undefined || form === onlyForm);
const pairsOfForm = Math.ceil(pairs / forms.length);

test.serial('without any rules every packet of the lab arrives', async (t) => {
  await using lab = await openLab();
  const random = createRandom(firstSeed);
  const flows = generateFlows(random, 300);
  t.deepEqual(
    (await lab.probe(flows)).flatMap((arrival, i) => (arrival === undefined ? [JSON.stringify(flows[i])] : [])),
    [],
  );
});

for (const form of forms) {
  test.serial(`the kernel's verdict is the rules' verdict for ${pairsOfForm} packets (${form})`, async (t) => {
    const pairs = pairsOfForm;
    t.timeout(60_000 + pairs * 20);
    await using lab = await openLab();
    await using enforcer = openEnforcer(lab, form === 'linear');
    const counts = { sent: 0, allowed: 0, translated: 0, answered: 0 };
    for (let seed = firstSeed; counts.sent < pairs; seed++) {
      const random = createRandom(seed);
      const world = generateWorld(random);
      const refused = await enforcer.enforce(world, seed % 3 === 0 ? 'Reject' : 'Drop');
      t.deepEqual(refused, [], `seed ${seed}: the kernel refused rules`);
      const flows = generateFlows(random, Math.min(flowsPerWorld, pairs - counts.sent), world);
      const { wrong, ...found } = await checkFlows(lab, world, flows);
      t.deepEqual(
        wrong,
        [],
        `VERDICT_SEED=${seed}\n${manifestsOf(world)
          .map((m) => JSON.stringify(m.value))
          .join('\n')}`,
      );
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

/** The graph and the dataplane in the lab's host, one world after the other; what changes between two worlds goes through incrementally. */
function openEnforcer(lab: Lab, isLinear: boolean) {
  const refused = new Map<string, string>();
  const kernel = openKernel({ netnsPath: `/run/netns/${lab.host}` });
  const graph = createGraph({ hostname: node });
  const dataplane = createNftablesDataplane({
    kernel,
    hostname: node,
    log: silentLogger,
    // Few CIDRs make do for what takes thousands elsewhere: of a length that two have, each lies by itself.
    hashedLengthMin: 1,
    isLinear,
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
    async enforce(world: GenWorld, denyAction: string): Promise<string[]> {
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
      dataplane.accept({ revision, messages: [configMessage(world, denyAction), ...(graph.flush()?.messages ?? [])] });
      await dataplane.settled();
      return [...refused].map(([id, problem]) => `${id}: ${problem}`);
    },
    async [Symbol.asyncDispose]() {
      await dataplane.close();
      kernel.close();
    },
  };
}

function configMessage(world: GenWorld, denyAction: string): Message {
  const settings = { ...settingsOf(world), nftablesfilterdenyaction: denyAction };
  const values = new Map(Object.entries(settings).map(([name, text]) => [name, { text, layer: 'test' }]));
  return { type: 'config-update', config: decodeConfig(values).config };
}
