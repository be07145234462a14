/**
 * What a packet costs against the number of rules before the one that allows it: new flows, established ones and the first packet's way, for bare
 * forwarding, conntrack alone, and each form of policy, side by side in one run. Figures only; nothing is asserted. I/O.
 * Usage: packets.ts [NUMBER OF RULES ...]   BENCH_PACKET_ROUNDS (3), BENCH_PACKET_MS (300)
 */

import type { Dataplane } from '#appliance/felix/dataplane/dataplane.ts';
import { createIptablesDataplane } from '#appliance/felix/dataplane/iptables/backend.ts';
import { createNftablesDataplane } from '#appliance/felix/dataplane/nftables/backend.ts';
import type { FelixConfig } from '#appliance/felix/model/config.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import type { Rule } from '#appliance/felix/model/policy.ts';
import type { Kernel } from '#appliance/kernel/kernel.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { openPrograms } from '#appliance/kernel/programs.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { config, inSync, ipSet, policy, rule, tier, workload } from '../appliance/felix/dataplane/sample.ts';
import {
  clientAddress,
  openPacketLab,
  type PacketLab,
  processorOf,
  servicePort,
  workloadAddress,
  workloadLink,
} from './packet-lab.ts';

const rounds = Number(process.env.BENCH_PACKET_ROUNDS ?? 3);
const budgetMs = Number(process.env.BENCH_PACKET_MS ?? 300);
const asked = process.argv.slice(2).map(Number);
const sizes = asked.length > 0 ? asked : [0, 10, 100, 1_000, 10_000];
const udp = 17;
const ignore = () => undefined;
const reports = {
  onWorkloadEndpointStatus: ignore,
  onHostEndpointStatus: ignore,
  onPolicyStatus: ignore,
  onApplied: ignore,
};
/** The host translates for somebody, though not for these packets. */
const pool: Message = {
  type: 'ip-pool-update',
  id: '10.99.0.0/16',
  pool: { cidr: '10.99.0.0/16', natOutgoing: true, ipipMode: 'Never', vxlanMode: 'Never', allowedUses: [] },
};
const say = (text: string) => process.stdout.write(`${text}\n`);

/** Forms of policy that are set side by side: each a dataplane over a host's kernel. */
const forms: Readonly<Record<string, Form>> = {
  linear: { open: (kernel) => openNftables(kernel, true), settings: {} },
  'iptables-legacy': { open: openIptables, settings: { iptablesBackend: 'Legacy' } },
  'iptables-nft': { open: openIptables, settings: { iptablesBackend: 'NFT' } },
  compiled: { open: (kernel) => openNftables(kernel, false), settings: {} },
};

interface Form {
  readonly open: (kernel: Kernel, netnsPath: string) => Dataplane;
  readonly settings: Partial<FelixConfig>;
}

interface Figures {
  readonly title: string;
  flows: number;
  packets: number;
  readonly firstMs: number[];
}

interface Variant {
  readonly figures: Figures;
  readonly lab: PacketLab;
}

await using stack = new AsyncDisposableStack();
const variants: Variant[] = [];
const add = async (title: string, prepare: (lab: PacketLab) => Promise<void>) => {
  const lab = stack.use(await openPacketLab());
  await prepare(lab);
  variants.push({ figures: { title, flows: 0, packets: 0, firstMs: [] }, lab });
};
await add('bare forwarding', async () => undefined);
await add('conntrack alone', async ({ host }) => {
  await host.exec(
    'nft',
    'table ip t { chain f { type filter hook forward priority 0; ct state established accept; }; }',
  );
});
await add('conntrack and NAT', async ({ host }) => {
  const forward = 'chain f { type filter hook forward priority 0; ct state established accept; };';
  await host.exec('nft', `table ip t { ${forward} chain n { type nat hook postrouting priority 100; }; }`);
});
for (const [title, form] of Object.entries(forms)) {
  for (const size of sizes)
    await add(`${title}, ${size} rules`, (lab) => enforce(lab, form, worldOf(size, form.settings)));
}
await add('compiled, 100, NAT', (lab) => enforce(lab, forms.compiled!, [...worldOf(100, {}), pool]));
// Round by round, so that what else the machine does falls on all alike; the best round counts.
for (let round = 0; round < rounds; round++) {
  for (const { figures, lab } of variants) {
    figures.flows = Math.max(figures.flows, await lab.newFlows(budgetMs));
    figures.packets = Math.max(figures.packets, await lab.establishedPackets(budgetMs));
    figures.firstMs.push(...(await lab.firstPacketMs(100)));
  }
}
print();

async function enforce(lab: PacketLab, { open }: Form, world: readonly Message[]): Promise<void> {
  const kernel = openKernel({ netnsPath: lab.host.path });
  const dataplane = open(kernel, lab.host.path);
  dataplane.accept({ revision: 1, messages: [...world, inSync] });
  await dataplane.settled();
  await dataplane.close();
  kernel.close();
}

function openIptables(kernel: Kernel, netnsPath: string): Dataplane {
  const programs = openPrograms({ netnsPath });
  return createIptablesDataplane({ kernel, programs, hostname: 'bench', log: silentLogger, reports });
}

function openNftables(kernel: Kernel, isLinear: boolean): Dataplane {
  return createNftablesDataplane({ kernel, hostname: 'bench', log: silentLogger, isLinear, reports });
}

/** Each rule allows peers of its own to a port of its own; the last one is the sender's. */
function worldOf(size: number, settings: Partial<FelixConfig>): Message[] {
  const others = Array.from({ length: size }, (_, i) => i);
  const inbound: Rule[] = others.map((i) => allow(`s:${i}`, 10_000 + i));
  return [
    config(settings),
    ...others.map((i) => ipSet(`s:${i}`, `10.${128 + (i >> 8)}.${i & 255}.1/32`)),
    ipSet('s:client', `${clientAddress}/32`),
    policy('bench', { inbound: [...inbound, allow('s:client', servicePort)] }),
    // With its address: a route on its link that is not the agent's goes after a while.
    workload('w', { interfaceName: workloadLink, tiers: [tier(['bench'])], ipv4Nets: [`${workloadAddress}/32`] }),
  ];
}

function allow(set: string, port: number): Rule {
  return rule('allow', { protocol: udp, src: { sets: [set] }, dst: { ports: [{ first: port, last: port }] } });
}

function print(): void {
  const base = variants[1]!.figures;
  say(`${processorOf()}; UDP, IPv4, one sender; best of ${rounds} rounds; % of conntrack alone`);
  say(row('', 'new flows/s', '%', 'established/s', '%', 'first p50 us', '%', 'p99 us'));
  for (const { figures } of variants) {
    const { title, flows, packets, firstMs } = figures;
    const share = (value: number, of: number) => `${((value / of) * 100).toFixed(0)} %`;
    const us = (quantile: number) => (at(firstMs, quantile) * 1000).toFixed(0);
    say(
      row(
        title,
        thousands(flows),
        share(flows, base.flows),
        thousands(packets),
        share(packets, base.packets),
        us(0.5),
        share(at(firstMs, 0.5), at(base.firstMs, 0.5)),
        us(0.99),
      ),
    );
  }
}

function row(title: string, ...cells: readonly string[]): string {
  return `${title.padEnd(24)}${cells.map((cell) => cell.padStart(16)).join('')}`;
}

function thousands(value: number): string {
  return `${(value / 1000).toFixed(1)}k`;
}

function at(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
}
