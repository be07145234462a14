/** Limits of single workloads with the real kernel and real packets: rates, connections, bandwidth; changed live, and gone without a trace. */
import test from 'ava';
import { uninstall } from '#appliance/felix/dataplane/uninstall.ts';
import type { QosControls } from '#appliance/felix/model/endpoint.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import {
  allowAllProfile,
  config,
  inSync,
  sampleConfig,
  workload,
  workloadGone,
} from '../../appliance/felix/dataplane/sample.ts';
import { addMachine, openRealLab } from './real-lab.ts';
import { talk } from './talk.ts';

async function openTwo() {
  const lab = await openRealLab();
  await lab.host.exec('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  await lab.host.exec('ip', 'link', 'set', 'up0', 'up');
  await lab.host.exec('ip', 'route', 'add', 'default', 'dev', 'up0');
  const a = await addMachine(lab.host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
  const b = await addMachine(lab.host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
  const limited = (name: string, qos?: Partial<QosControls>) =>
    workload(name, {
      profiles: ['allow'],
      ipv4Nets: [name === 'a' ? '10.65.0.1/32' : '10.65.0.2/32'],
      ...(qos === undefined ? {} : { qos: { ingress: {}, egress: {}, ...qos } }),
    });
  return {
    lab,
    a,
    b,
    limited,
    /** Of 40 packets in a burst from a to b: how many came back, and the seconds it took. */
    async pings(): Promise<{ readonly received: number; readonly seconds: number }> {
      await a.exec('ping', '-c', '1', '-W', '1', '10.65.0.2').catch(() => '');
      const text = await a
        .exec('ping', '-q', '-c', '40', '-i', '0.01', '-W', '1', '10.65.0.2')
        .catch(({ stdout }) => stdout);
      return {
        received: Number(/(\d+) received/.exec(text)?.[1]),
        seconds: Number(/time (\d+)ms/.exec(text)?.[1]) / 1000,
      };
    },
    async [Symbol.asyncDispose]() {
      for (const part of [a, b, lab]) await part[Symbol.asyncDispose]();
    },
  };
}

test.serial('packet rates hold for one endpoint in one direction, established flows included', async (t) => {
  await using world = await openTwo();
  const { lab, limited, pings } = world;
  await lab.send(config(), allowAllProfile, limited('a'), limited('b'), inSync);
  t.is((await pings()).received, 40);
  const packetRate = { perSecond: 5, burst: 5 };
  await lab.send(limited('b', { ingress: { packetRate } }));
  const isHeld = ({ received, seconds }: Awaited<ReturnType<typeof pings>>) =>
    received >= 3 && received <= 5 + 5 * (seconds + 1);
  const to = await pings();
  t.true(isHeld(to), `${JSON.stringify(to)} to b`);
  await lab.send(limited('b'), limited('a', { egress: { packetRate } }));
  const from = await pings();
  t.true(isHeld(from), `${JSON.stringify(from)} from a`);
  await lab.send(limited('a', { egress: { packetRate: { perSecond: 1000, burst: 100 } } }));
  t.is((await pings()).received, 40, 'raised');
  await lab.send(limited('a'));
  t.is((await pings()).received, 40);
  t.notRegex(await lab.host.exec('nft', 'list', 'ruleset'), /limit rate|chain limit-/);
});

test.serial('connections beyond the limit are reset, those within it go on, and an end makes room', async (t) => {
  await using world = await openTwo();
  const { lab, a, b, limited } = world;
  await lab.send(config(), allowAllProfile, limited('a'), limited('b', { ingress: { maxConnections: 2 } }), inSync);
  const first = await talk(a.name, b.name, '10.65.0.2', { port: 5001 });
  using second = await talk(a.name, b.name, '10.65.0.2', { port: 5002 });
  t.true(await second.isBack());
  const third = await talk(a.name, b.name, '10.65.0.2', { port: 5003 });
  t.false(await third.isBack(1000), 'the third');
  third[Symbol.dispose]();
  t.true(await second.isAlive());
  first[Symbol.dispose]();
  await lab.host.exec('conntrack', '-D', '-p', 'tcp', '--dport', '5001').catch(() => '');
  using fourth = await talk(a.name, b.name, '10.65.0.2', { port: 5004 });
  t.true(await fourth.isBack(), 'in the place of the first');
  await lab.send(limited('b'));
  using fifth = await talk(a.name, b.name, '10.65.0.2', { port: 5005 });
  t.true(await fifth.isBack(), 'without a limit');
});

/** Seconds for 100 kB from a to b over TCP; it may be some time until the server listens. */
const send = `
import socket, sys, time
if sys.argv[1] == "server":
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(("", 5201)); s.listen()
    c = s.accept()[0]
    while c.recv(65536): pass
    c.send(b"x")
else:
    for _ in range(100):
        try: s = socket.create_connection(("10.65.0.2", 5201)); break
        except ConnectionRefusedError: time.sleep(0.1)
    start = time.monotonic()
    s.sendall(b"x" * 100000); s.shutdown(socket.SHUT_WR); s.recv(1)
    print(time.monotonic() - start)
`;

test.serial('bandwidth holds in both directions, changes live, and leaves nothing behind', async (t) => {
  await using world = await openTwo();
  const { lab, a, b, limited } = world;
  const seconds = async () => {
    const server = b.exec('timeout', '20', 'python3', '-c', send, 'server');
    const took = Number(await a.exec('timeout', '20', 'python3', '-c', send, 'client'));
    await server;
    return took;
  };
  /** 100 kB are 0.8 Mbit; 0.08 Mbit of them may go at once. */
  const bandwidth = { rateBits: 800_000, burstBits: 80_000 };
  await lab.send(config(), allowAllProfile, limited('a'), limited('b'), inSync);
  t.true((await seconds()) < 0.8);
  const trace = async () => [
    await lab.host.exec('tc', 'qdisc', 'show'),
    (await lab.host.exec('ip', '-o', 'link')).replace(/qdisc \S+|state \S+|qlen \S+/g, ''),
  ];
  const before = await trace();
  await lab.send(limited('b', { ingress: { bandwidth } }));
  t.true((await seconds()) > 0.8, 'what b receives');
  await lab.send(limited('b'), limited('a', { egress: { bandwidth } }));
  t.true((await seconds()) > 0.8, 'what a sends');
  t.regex(await lab.host.exec('ip', '-o', 'link'), /bwcali[0-9a-f]{9}/);
  await lab.restart();
  await lab.send(config(), allowAllProfile, limited('b'), limited('a', { egress: { bandwidth } }), inSync);
  t.true((await seconds()) > 0.8, 'after a restart');
  await lab.send(limited('a', { egress: { bandwidth: { ...bandwidth, rateBits: 1e9 } } }));
  t.true((await seconds()) < 0.8, 'raised');
  await lab.restart();
  await lab.send(config(), allowAllProfile, limited('b'), limited('a'), inSync);
  t.deepEqual(await trace(), before, 'gone while nobody watched');
  await lab.send(limited('a', { egress: { bandwidth }, ingress: { bandwidth } }));
  const kernel = openKernel({ netnsPath: lab.host.path });
  await uninstall(kernel, sampleConfig, { tableName: 'none' });
  kernel.close();
  t.deepEqual(await trace(), before, 'gone with all of ours');
  await lab.restart();
  await lab.send(config(), allowAllProfile, limited('b'), limited('a', { egress: { bandwidth } }), inSync);
  t.not((await trace())[0], before[0]);
  await lab.send(workloadGone('a'));
  t.deepEqual(await trace(), before, 'gone with the endpoint');
});
