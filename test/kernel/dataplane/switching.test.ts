/**
 * From one backend to another while packets flow: what is forbidden is seen at no moment, and nothing is left of what was there before. Live, with
 * everything announced anew, and over a restart.
 */
import test from 'ava';
import { openDataplane } from '#appliance/felix/dataplane/open.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { openPrograms } from '#appliance/kernel/programs.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import {
  allowAllProfile,
  config,
  inSync,
  ipSet,
  policy,
  rule,
  tier,
  workload,
} from '../../appliance/felix/dataplane/sample.ts';
import { createNamespace, type TestNamespace } from '../netlink/namespace.ts';
import { type Backend, backends, ourTraces, settingsOf } from './backend-lab.ts';
import { addMachine, type Machine } from './real-lab.ts';

const world: readonly Message[] = [
  allowAllProfile,
  ipSet('s:none', '192.0.2.77/32'),
  policy('closed', { inbound: [rule('allow', { src: { sets: ['s:none'] } })] }),
  workload('a', { ipv4Nets: ['10.65.0.1/32'], profiles: ['allow'] }),
  workload('b', { ipv4Nets: ['10.65.0.2/32'], tiers: [tier(['closed'])], profiles: ['allow'] }),
  workload('c', { ipv4Nets: ['10.65.0.3/32'], profiles: ['allow'] }),
  inSync,
];
const ways: readonly (readonly [Backend, Backend])[] = [
  ['nftables', 'iptables-nft'],
  ['iptables-nft', 'iptables-legacy'],
  ['iptables-legacy', 'nftables'],
  ['nftables', 'iptables-legacy'],
  ['iptables-nft', 'nftables'],
];

for (const how of ['live', 'restart'] as const) {
  test.serial(`${how}: no forbidden packet passes while backends change, and nothing stays of the other`, async (t) => {
    t.timeout(120_000);
    await using host = await createNamespace();
    await using from = await addMachine(host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
    await using _closed = await addMachine(host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
    await using _open = await addMachine(host, 'cali-c', '10.65.0.3/32', '169.254.1.1');
    await using _world = await addMachine(host, 'eth0', '192.0.2.2/24', '192.0.2.1');
    await host.exec('ip', 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0');
    await host.exec('ip', 'route', 'add', 'default', 'via', '192.0.2.2'); // proxy ARP answers for what has a route
    for (const [first, second] of ways) {
      await using agent = await openAgent(host, first);
      t.deepEqual(present(await ourTraces(host)), presentOf(first), `before: ${first}`);
      const forbidden = probe(from, '10.65.0.2');
      const allowed = probe(from, '10.65.0.3');
      if (how === 'live') await agent.change(second);
      else await agent.restart(second);
      t.deepEqual(present(await ourTraces(host)), presentOf(second), `${first} -> ${second}`);
      t.is((await forbidden).received, 0, `${first} -> ${second}`);
      const { sent, received } = await allowed;
      t.true(sent > 100 && received > sent * 0.9, `${first} -> ${second}: ${received} of ${sent} allowed packets`);
    }
  });
}

/** The whole dataplane as the agent has it; the graph that announces is the list above. */
async function openAgent(host: TestNamespace, backend: Backend) {
  let revision = 0;
  const open = async (chosen: Backend) => {
    const kernel = openKernel({ netnsPath: host.path });
    let isAnew = false;
    const dataplane = await openDataplane({
      kernel,
      hostname: 'host',
      log: silentLogger,
      openPrograms: () => openPrograms({ netnsPath: host.path }),
      announceAnew: () => {
        isAnew = true;
      },
      reports: {
        onWorkloadEndpointStatus() {},
        onHostEndpointStatus() {},
        onPolicyStatus() {},
        onApplied() {},
      },
    });
    const change = async (next: Backend) => {
      revision += 1;
      isAnew = false;
      dataplane.accept({ revision, messages: [config(settingsOf(next))] });
      if (isAnew) dataplane.accept({ revision, messages: world });
      await dataplane.settled();
    };
    dataplane.accept({ revision, messages: [config(settingsOf(chosen)), ...world] });
    await dataplane.settled();
    const close = async () => {
      await dataplane.close();
      kernel.close();
    };
    return { change, close };
  };
  let current = await open(backend);
  return {
    change: (next: Backend) => current.change(next),
    async restart(next: Backend) {
      await current.close();
      current = await open(next);
    },
    [Symbol.asyncDispose]: () => current.close(),
  };
}

/** Echo requests for about two seconds, each answered or not. */
async function probe(from: Machine, target: string): Promise<{ sent: number; received: number }> {
  const text = await from
    .exec('ping', '-n', '-q', '-i', '0.005', '-c', '400', '-W', '0.2', target)
    .catch((error: { stdout: string }) => error.stdout);
  const [, sent, received] = /(\d+) packets transmitted, (\d+) received/.exec(text) ?? [];
  return { sent: Number(sent), received: Number(received) };
}

function present(traces: Record<string, string>): Record<string, boolean> {
  return Object.fromEntries(Object.entries(traces).map(([name, text]) => [name, text !== '']));
}

function presentOf(backend: Backend): Record<string, boolean> {
  return {
    ...Object.fromEntries(backends.map((name) => [name, name === backend])),
    sets: backend !== 'nftables',
  };
}
