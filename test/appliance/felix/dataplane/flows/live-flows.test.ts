/** When live flows are judged, and which: over the fake kernel and a clock of the test's. */
import test from 'ava';
import { LiveFlows } from '#appliance/felix/dataplane/flows/live-flows.ts';
import { DesiredState } from '#appliance/felix/dataplane/nftables/desired-state.ts';
import { finish } from '#appliance/felix/dataplane/nftables/work.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { createFakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Kernel } from '#appliance/kernel/kernel.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { allowAllProfile, config, ipSet, policy, rule, tier, workload } from '../sample.ts';

const bit = 0x80000000;

function openWorld() {
  const kernel = createFakeKernel();
  const desired = new DesiredState();
  const timers: { atMs: number; then: () => void }[] = [];
  const asked: (readonly string[] | 'all')[] = [];
  let nowMs = 0;
  const told: boolean[] = [];
  const counted: Pick<Kernel, 'connections' | 'countMarked' | 'markConnections'> = {
    countMarked: (of) => kernel.countMarked(of),
    connections: (addresses) => {
      asked.push(addresses === undefined ? 'all' : [...addresses].sort());
      return kernel.connections(addresses);
    },
    markConnections: (connections, change) => kernel.markConnections(connections, change),
  };
  const flows = new LiveFlows({
    kernel: counted,
    log: silentLogger,
    clock: {
      now: () => nowMs,
      after(delayMs, then) {
        const timer = { atMs: nowMs + delayMs, then };
        timers.push(timer);
        return { cancel: () => void timers.splice(timers.indexOf(timer), 1) };
      },
    },
    world: desired,
    interfaces: () => [],
    onSuspects: (areThere) => told.push(areThere),
  });
  /** Whatever waits for its time, until nothing is under way. */
  async function later(): Promise<void> {
    nowMs += 60_000;
    for (const { then } of timers.splice(0)) then();
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    kernel,
    flows,
    told,
    later,
    /** What was asked of the kernel in the round that followed, if any. */
    async send(...messages: Message[]) {
      for (const message of messages) {
        finish(desired.accept(message));
        flows.onMessage(message);
      }
      flows.onApplied();
      asked.length = 0;
      await later();
      return asked;
    },
    marks: async () => (await kernel.connections()).map(({ mark }) => mark),
  };
}

const web = (port: number) =>
  policy('web', {
    inbound: [rule('allow', { src: { sets: ['s:a'] }, dst: { ports: [{ first: port, last: port }] } })],
  });
const ports = { original: { source: '10.0.0.9', destination: '10.0.0.1', sourcePort: 5, destinationPort: 80 } };
const reply = { source: '10.0.0.1', destination: '10.0.0.9', sourcePort: 80, destinationPort: 5 };

test('a round asks for the connections of the endpoints that the change concerns, and of no others', async (t) => {
  const { kernel, send, marks } = openWorld();
  kernel.addConnection('10.0.0.9', '10.0.0.1', { ...ports, reply, protocol: 6, mark: 7 });
  const ends = [
    workload('x', { tiers: [tier(['web'])], ipv4Nets: ['10.0.0.1/32'] }),
    workload('y', { profiles: ['allow'], ipv4Nets: ['10.0.0.2/32'] }),
  ];
  const first = [config(), allowAllProfile, ipSet('s:a', '10.0.0.8/29'), ipSet('s:b'), web(80), ...ends];
  t.deepEqual(await send(...first), [['10.0.0.1', '10.0.0.2']], 'at start all');
  t.deepEqual(await send(), [], 'nothing changed');
  t.deepEqual(
    await send({ type: 'ip-set-delta', id: 's:b', added: ['10.1.1.1/32'], removed: [] }),
    [],
    'a set of nobody',
  );
  t.deepEqual(await marks(), [7]);
  t.deepEqual(await send({ type: 'ip-set-delta', id: 's:a', added: [], removed: ['10.0.0.8/29'] }), [['10.0.0.1']]);
  t.deepEqual(await marks(), [(7 | bit) >>> 0], 'cut, and the others’ bits stay');
  await send({ type: 'ip-set-delta', id: 's:a', added: ['10.0.0.9/32'], removed: [] });
  t.deepEqual(await marks(), [7], 'allowed again');
  await send(web(81));
  t.deepEqual(await marks(), [(7 | bit) >>> 0]);
});

test('it is told when there are marked connections, and when the last of them has ended or is allowed again', async (t) => {
  const { kernel, flows, send, told, later } = openWorld();
  kernel.addConnection('10.0.0.9', '10.0.0.1', { ...ports, reply, protocol: 6 });
  const end = workload('x', { tiers: [tier(['web'])], ipv4Nets: ['10.0.0.1/32'] });
  await send(config(), ipSet('s:a', '10.0.0.9/32'), web(80), end);
  await flows.open();
  t.deepEqual(told, [], 'none to begin with');
  await send(web(81));
  t.deepEqual(told, [true], 'cut');
  await later();
  t.deepEqual(told, [true], 'still there');
  await send(web(80));
  t.deepEqual(told, [true, false], 'restored');
  await send(web(81));
  await kernel.deleteConntrack('10.0.0.1');
  await later();
  t.deepEqual(told, [true, false, true, false], 'ended without a word');
});

test('what was marked before a start is known before the first pass', async (t) => {
  const { kernel, flows, send, told } = openWorld();
  kernel.addConnection('10.9.0.9', '10.9.0.1', { ...ports, reply, protocol: 6, mark: bit });
  await send(config());
  await flows.open();
  t.deepEqual(told, [true], 'though it is no endpoint’s');
});

test('switched off nothing is asked, switched on everything is', async (t) => {
  const { send } = openWorld();
  const end = workload('x', { profiles: ['allow'], ipv4Nets: ['10.0.0.1/32'] });
  t.deepEqual(await send(config({ areLiveFlowsReevaluated: false }), allowAllProfile, end), []);
  t.deepEqual(await send(config({ markMask: 0x70000 })), [], 'nor where the mask has no bit for it');
  t.deepEqual(await send(config()), [['10.0.0.1']]);
});

test('connections that others announced are left alone', async (t) => {
  const { kernel, send, marks } = openWorld();
  kernel.addConnection('10.0.0.9', '10.0.0.1', { ...ports, reply, protocol: 6, status: 1 });
  await send(config(), ipSet('s:a'), web(80), workload('x', { tiers: [tier(['web'])], ipv4Nets: ['10.0.0.1/32'] }));
  t.deepEqual(await marks(), [0]);
});
