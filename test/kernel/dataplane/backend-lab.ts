/** Either dataplane over the real kernel of a namespace of its own, so that one test can hold for all backends. I/O. */

import type { Hits } from '#appliance/felix/dataplane/hits.ts';
import { createIptablesDataplane } from '#appliance/felix/dataplane/iptables/backend.ts';
import { createNftablesDataplane } from '#appliance/felix/dataplane/nftables/backend.ts';
import type { FelixConfig } from '#appliance/felix/model/config.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { openPrograms, type Programs } from '#appliance/kernel/programs.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { config } from '../../appliance/felix/dataplane/sample.ts';
import { createNamespace, type TestNamespace } from '../netlink/namespace.ts';

export const backends = ['nftables', 'iptables-nft', 'iptables-legacy'] as const;
export type Backend = (typeof backends)[number];

export interface BackendLab extends AsyncDisposable {
  readonly host: TestNamespace;
  /** What was reported, in order. */
  readonly reports: string[];
  /** Operations or lines given to the kernel since the last call. */
  writes(): number;
  send(...messages: readonly Message[]): Promise<void>;
  readHits(): Promise<Hits | undefined>;
  /** The same host with an agent that remembers nothing. */
  restart(): Promise<void>;
  /** The configuration of the sample for this backend. */
  config(changes?: Partial<FelixConfig>): Message;
}

export interface BackendLabOptions {
  /** Changes what is about to be given to a program. */
  readonly alter?: (program: string, input: string) => string;
  /** Told of each program that is started, with its words. */
  readonly onRun?: (command: string) => void;
}

export async function openBackendLab(backend: Backend, options: BackendLabOptions = {}): Promise<BackendLab> {
  const host = await createNamespace();
  const reports: string[] = [];
  let written = 0;
  const open = () => {
    const kernel = openKernel({ netnsPath: host.path });
    const common = {
      kernel,
      log: silentLogger,
      reports: {
        onWorkloadEndpointStatus: (id: { workload: string }, status: string) =>
          reports.push(`${id.workload} ${status}`),
        onHostEndpointStatus: (id: { name: string }, status: string) => reports.push(`${id.name} ${status}`),
        onPolicyStatus: (id: { name: string }, problem: string | undefined) =>
          reports.push(`${id.name}: ${problem ?? 'ok'}`),
        onApplied: (revision: number) => reports.push(`applied ${revision}`),
      },
    };
    const programs = altered(openPrograms({ netnsPath: host.path }), options);
    const dataplane =
      backend === 'nftables'
        ? createNftablesDataplane({
            ...common,
            hostname: 'host',
            onPass: ({ operations }) => {
              written += operations;
            },
          })
        : createIptablesDataplane({
            ...common,
            hostname: 'host',
            programs,
            onPass: ({ lines }) => {
              written += lines;
            },
          });
    const close = async () => {
      await dataplane.close();
      programs.close();
      kernel.close();
    };
    return { dataplane, close };
  };
  let current = open();
  let revision = 0;
  return {
    host,
    reports,
    writes() {
      const since = written;
      written = 0;
      return since;
    },
    async send(...messages) {
      revision += 1;
      current.dataplane.accept({ revision, messages });
      await current.dataplane.settled();
    },
    readHits: async () => current.dataplane.readHits?.(),
    async restart() {
      await current.close();
      current = open();
    },
    config: (changes = {}) => config({ ...settingsOf(backend), ...changes }),
    async [Symbol.asyncDispose]() {
      await current.close();
      await host[Symbol.asyncDispose]();
    },
  };
}

export function settingsOf(backend: Backend): Partial<FelixConfig> {
  if (backend === 'nftables') return { nftablesMode: 'Enabled' };
  return { nftablesMode: 'Disabled', iptablesBackend: backend === 'iptables-nft' ? 'NFT' : 'Legacy' };
}

function altered(programs: Programs, { alter = (_program, input) => input, onRun }: BackendLabOptions): Programs {
  return {
    run(program, args, options = {}) {
      onRun?.([program, ...args].join(' '));
      const { input, ...others } = options;
      return programs.run(program, args, input === undefined ? others : { ...others, input: alter(program, input) });
    },
    close: () => programs.close(),
  };
}

const saves = {
  'iptables-nft': ['iptables-nft-save', 'ip6tables-nft-save'],
  'iptables-legacy': ['iptables-legacy-save', 'ip6tables-legacy-save'],
};

/** All rules and sets that are ours, of all backends: empty when there is nothing. Counters and numbers that say nothing are left out. */
export async function ourTraces(host: TestNamespace): Promise<Record<Backend | 'sets', string>> {
  const lines = async (text: Promise<string>, isOurs: (line: string) => boolean) =>
    (await text.catch(() => '')).split('\n').filter(isOurs).sort().join('\n');
  const rules = async (variant: keyof typeof saves) => {
    const [v4, v6] = saves[variant] as [string, string];
    const ours = (line: string) => line.includes('cali');
    return [await lines(host.exec(v4), ours), await lines(host.exec(v6), ours)].filter(Boolean).join('\n');
  };
  return {
    nftables: await lines(host.exec('nft', 'list', 'tables'), (line) => line.includes('calico')),
    'iptables-nft': await rules('iptables-nft'),
    'iptables-legacy': await rules('iptables-legacy'),
    sets: await lines(host.exec('ipset', 'list', '-n'), (line) => line.startsWith('cali')),
  };
}

/** Rules and sets with their members, of one variant of iptables; in the order of the kernel within a chain. */
export async function iptablesText(host: TestNamespace, backend: Exclude<Backend, 'nftables'>): Promise<string> {
  const texts: string[] = [];
  for (const program of saves[backend]) {
    const text = await host.exec(program);
    const isNoise = (line: string) => line.startsWith('#') || line === '';
    const clean = text
      .split('\n')
      .filter((line) => !isNoise(line))
      .map((line) => line.replace(/\[\d+:\d+\]/, ''));
    texts.push(sortChains(clean));
  }
  const sets = (await host.exec('ipset', 'save')).replace(/ (hashsize|bucketsize|initval) \S+/g, '');
  return [...texts, sets.split('\n').sort().join('\n')].join('\n');
}

/** Chains in the order of their names: that of their making says nothing. */
function sortChains(lines: readonly string[]): string {
  const tables = lines.join('\n').split(/^(?=\*)/m);
  return tables
    .map((table) => {
      const [head = '', ...rest] = table.split('\n');
      const chainOf = (line: string) => line.replace(/^(?::|-A )(\S+).*/, '$1');
      const declared = rest.filter((line) => line.startsWith(':')).sort();
      const rules = rest.filter((line) => line.startsWith('-A '));
      const ordered = rules.map((line, i) => ({ line, i, chain: chainOf(line) }));
      ordered.sort((a, b) => (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.i - b.i));
      return [head, ...declared, ...ordered.map(({ line }) => line)].join('\n');
    })
    .sort()
    .join('\n');
}
