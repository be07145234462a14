/**
 * The quickstart: starts the appliance on its embedded store, makes three workloads, applies policies with calicoctl, sends real packets and
 * prints what became of them and which policy decided. Exits 0 only if every verdict is what the policies say. `--keep` stays up. I/O.
 */
import { join } from 'node:path';
import { openPlayground, type Playground, root, type WorkloadSpec } from './playground.ts';

const workloads: readonly WorkloadSpec[] = [
  { name: 'web', interfaceName: 'caliweb', addresses: ['10.65.0.1/32', 'fd65::1/128'], ports: [80, 22] },
  { name: 'db', interfaceName: 'calidb', addresses: ['10.65.0.2/32', 'fd65::2/128'], ports: [5432, 22] },
  { name: 'guest', interfaceName: 'caliguest', addresses: ['10.65.0.3/32', 'fd65::3/128'], ports: [] },
];

/** from, to, port, and whether it is to be answered in each act. */
const probes = [
  ['web', 'db', 5432],
  ['web', 'db', 22],
  ['guest', 'db', 5432],
  ['guest', 'web', 80],
  ['guest', 'web', 22],
] as const;

const acts = [
  {
    title: 'Three workloads, no policy: their profile "open" allows everything',
    prepare: (p: Playground) => apply(p, '1-workloads.yaml'),
    expected: [true, true, true, true, true],
    policies: ['profile/open', 'profile/open', 'profile/open', 'profile/open', 'profile/open'],
  },
  {
    title: 'Policies db-takes-web and web-is-public applied',
    prepare: (p: Playground) => apply(p, '2-policies.yaml'),
    expected: [true, false, false, true, false],
    policies: [
      'np/shop/db-takes-web',
      'np/shop/db-takes-web',
      'np/shop/db-takes-web',
      'gnp/web-is-public',
      'tier/default',
    ],
  },
  {
    title: 'A tier "security" before the others, and the label quarantine on the guest',
    async prepare(p: Playground) {
      await apply(p, '3-quarantine.yaml');
      await p.calicoctl('label', 'wep', 'quickstart-vm-guest-eth0', '-n', 'shop', 'quarantine=yes');
    },
    expected: [true, false, false, false, false],
    policies: ['np/shop/db-takes-web', 'np/shop/db-takes-web', 'gnp/quarantine', 'gnp/quarantine', 'gnp/quarantine'],
  },
  {
    title: 'The label taken off again',
    prepare: (p: Playground) =>
      p.calicoctl('label', 'wep', 'quickstart-vm-guest-eth0', '-n', 'shop', 'quarantine', '--remove'),
    expected: [true, false, false, true, false],
    policies: [
      'np/shop/db-takes-web',
      'np/shop/db-takes-web',
      'np/shop/db-takes-web',
      'gnp/web-is-public',
      'tier/default',
    ],
  },
] as const;

const say = (text = '') => process.stdout.write(`${text}\n`);

say('calico-appliance quickstart: everything happens in network namespaces of its own.');
const playground = await openPlayground(workloads);
let wrong = 0;
const stop = async (code: number) => {
  await playground.close();
  process.exit(code);
};
process.once('SIGINT', () => void stop(130));
process.once('SIGTERM', () => void stop(143));
try {
  for (const [number, act] of acts.entries()) wrong += await play(number + 1, act);
} catch (error) {
  say(`\nfailed: ${error instanceof Error ? error.message : String(error)}`);
  wrong++;
}
say(wrong === 0 ? '\nEvery verdict is what the policies say.' : `\n${wrong} verdicts are not what the policies say.`);
if (process.argv.includes('--keep')) await keep();
await stop(wrong === 0 ? 0 : 1);

/** Plays one act; how many verdicts were wrong. */
async function play(number: number, act: (typeof acts)[number]): Promise<number> {
  say(`\n${number}. ${act.title}`);
  await act.prepare(playground);
  await playground.settled();
  let wrongHere = 0;
  for (const family of ['IPv4', 'IPv6']) {
    for (const [i, probe] of probes.entries()) {
      if (!(await isAsExpected(family, probe, act.expected[i]!, act.policies[i]!))) wrongHere++;
    }
  }
  return wrongHere;
}

/** Sends one connection and prints its fate with the policy whose counter moved. */
async function isAsExpected(
  family: string,
  [from, to, port]: (typeof probes)[number],
  expected: boolean,
  policy: string,
): Promise<boolean> {
  const address = workloads.find((w) => w.name === to)!.addresses[family === 'IPv4' ? 0 : 1]!.split('/')[0]!;
  const before = await playground.counters();
  const isOpen = await playground.connect(from, address, port);
  const after = await playground.counters();
  const moved = [...after].filter(([name, packets]) => packets > (before.get(name) ?? 0)).map(([name]) => name);
  const isRight = isOpen === expected && moved.some((name) => name.startsWith(`${policy}/`));
  const verdict = isOpen ? 'allowed' : 'denied ';
  const route = `${from} -> ${to}:${port}`.padEnd(20);
  say(`   ${isRight ? 'ok ' : 'BAD'} ${family} ${route} ${verdict} by ${moved.join(', ') || 'nothing'}`);
  if (!isRight) say(`       expected ${expected ? 'allowed' : 'denied'} by ${policy}`);
  return isRight;
}

async function apply(p: Playground, file: string): Promise<void> {
  const text = await p.calicoctl('apply', '-f', join(root, 'examples/quickstart', file));
  for (const line of text.split('\n')) say(`   calicoctl: ${line}`);
}

/** Stays until interrupted, with the commands to try. */
async function keep(): Promise<void> {
  const environment = `CALICO_RUN_DIR=${playground.environment.CALICO_RUN_DIR}`;
  const workload = (name: string) => playground.hostNamespace.replace(/host$/, name);
  say('\nStill up. Try, in another terminal (Ctrl-C here cleans up):');
  say(`   ${environment} ${join(root, 'bin/calicoctl')} get gnp -o wide`);
  say(`   ${environment} ${join(root, 'bin/calicoctl')} get np -A -o yaml`);
  say(`   curl --unix-socket ${playground.environment.CALICO_RUN_DIR}/node.sock http://agent/status`);
  say(`   ip netns exec ${playground.hostNamespace} nft list counters`);
  say(`   ip netns exec ${workload('guest')} ping 10.65.0.1`);
  const longest = 2 ** 31 - 1;
  await new Promise((resolve) => setTimeout(resolve, longest));
}
