/**
 * What judging live flows again costs: a host with very many connections, one policy of many rules changed; and what the rules that do it cost a packet.
 * Prints figures only. I/O.   Usage: live-flows.ts [CONNECTIONS] [RULES]
 */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { FlowRound } from '#appliance/felix/dataplane/flows/live-flows.ts';
import { createNftablesDataplane } from '#appliance/felix/dataplane/nftables/backend.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { allowAllProfile, config, inSync, policy, rule, tier, workload } from '../appliance/felix/dataplane/sample.ts';
import { addMachine } from '../kernel/dataplane/real-lab.ts';
import { createNamespace } from '../kernel/netlink/namespace.ts';

const connections = Number(process.argv[2] ?? 100_000);
const rules = Number(process.argv[3] ?? 100);
const run = promisify(execFile);
const say = (text: string) => process.stdout.write(`${text}\n`);

const burst = `
import socket, sys
count, first = int(sys.argv[1]), int(sys.argv[2])
for s in range(count // 1000 + 1):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("10.65.0.1", first + s))
    for d in range(min(1000, count - s * 1000)):
        sock.sendto(b"x", ("10.65.0.2", 20000 + d))
`;
const packets = `
import socket, sys, time
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.connect(("10.65.0.2", 9))
start = time.perf_counter()
for i in range(200000):
    sock.send(b"x")
print(200000 / (time.perf_counter() - start))
`;

const host = await createNamespace();
const rounds: FlowRound[] = [];
const kernel = openKernel({ netnsPath: host.path });
const dataplane = createNftablesDataplane({
  kernel,
  hostname: 'host',
  log: silentLogger,
  onFlowRound: (round) => rounds.push(round),
  reports: {
    onWorkloadEndpointStatus() {},
    onHostEndpointStatus() {},
    onPolicyStatus() {},
    onApplied() {},
  },
});
const send = async (...messages: Message[]) => {
  dataplane.accept({ revision: 1, messages });
  await dataplane.settled();
};
const web = (last: number) =>
  policy('web', {
    inbound: [
      ...Array.from({ length: rules }, (_, i) =>
        rule('allow', {
          protocol: 17,
          src: { nets: [`10.99.${i % 250}.0/24`] },
          dst: { ports: [{ first: i, last: i }] },
        }),
      ),
      rule('allow', { protocol: 17, dst: { ports: [{ first: 9, last }] } }),
    ],
    outbound: [rule('allow')],
  });

try {
  const a = await addMachine(host, 'cali-a', '10.65.0.1/32', '169.254.1.1');
  const b = await addMachine(host, 'cali-b', '10.65.0.2/32', '169.254.1.1');
  await host.exec('ip', 'link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1');
  await host.exec('ip', 'link', 'set', 'up0', 'up');
  await host.exec('ip', 'route', 'add', 'default', 'dev', 'up0');
  await b.exec(
    'nft',
    'add table ip x; add chain ip x c { type filter hook prerouting priority -400; }; add rule ip x c udp dport 1-65535 drop',
  );
  const ends = [
    workload('a', { profiles: ['allow'], ipv4Nets: ['10.65.0.1/32'] }),
    workload('b', { tiers: [tier(['web'], ['web'])], ipv4Nets: ['10.65.0.2/32'] }),
  ];
  await send(config(), allowAllProfile, web(65535), ...ends, inSync);
  const exec = (...args: string[]) => run('ip', ['netns', 'exec', a.name, 'python3', '-c', ...args]);
  await exec(packets);
  for (const on of [true, false, true, false]) {
    await send(config({ areLiveFlowsReevaluated: on }));
    const { stdout } = await exec(packets);
    say(`packets/s of an established flow, re-evaluation ${on ? 'on ' : 'off'}: ${Math.round(Number(stdout))}`);
  }
  await send(config());
  for (const name of ['udp_timeout', 'udp_timeout_stream'])
    await host.exec('sysctl', '-qw', `net.netfilter.nf_conntrack_${name}=600`);
  await exec(burst, String(connections), '2000');
  const tracked = Number((await host.exec('conntrack', '-C')).trim());
  say(`${tracked} connections; policy of ${rules} rules`);
  for (const [what, last] of [
    ['nothing is denied', 65534],
    ['half is denied', 20499],
    ['nothing is denied again', 65535],
  ] as const) {
    rounds.length = 0;
    const start = performance.now();
    const cpu = process.cpuUsage();
    let longestMs = 0;
    let before = start;
    const timer = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - before);
      before = performance.now();
    }, 1);
    await send(web(last));
    const passMs = performance.now() - start;
    while (rounds.length === 0) await sleep(20);
    clearInterval(timer);
    const { user, system } = process.cpuUsage(cpu);
    const { judged, cut, restored, tookMs } = rounds[0]!;
    say(
      `${what}: in the kernel after ${passMs.toFixed(0)} ms, judged ${judged}, cut ${cut}, restored ${restored} in ${tookMs.toFixed(0)} ms, ` +
        `${((user + system) / 1000).toFixed(0)} ms of processor, longest turn of the loop ${longestMs.toFixed(0)} ms`,
    );
  }
  await a[Symbol.asyncDispose]();
  await b[Symbol.asyncDispose]();
} finally {
  await dataplane.close();
  kernel.close();
  await host[Symbol.asyncDispose]();
}
