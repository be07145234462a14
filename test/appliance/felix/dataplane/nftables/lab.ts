/** A dataplane over a kernel in memory, with everything it reports and all that the table holds as text. */
import { createNftablesDataplane } from '#appliance/felix/dataplane/nftables/backend.ts';
import type { PassStats } from '#appliance/felix/dataplane/nftables/table-writer.ts';
import type { Message } from '#appliance/felix/model/messages.ts';
import { createFakeKernel, type FakeKernel } from '#appliance/kernel/fake/kernel.ts';
import type { Kernel, NftElement, NftTableDump } from '#appliance/kernel/kernel.ts';
import { silentLogger } from '#appliance/lib/log.ts';

export interface TestDataplane extends AsyncDisposable {
  readonly kernel: FakeKernel;
  readonly reports: string[];
  readonly passes: PassStats[];
  /** Resolves when the messages are in the kernel. */
  send(...messages: readonly Message[]): Promise<void>;
  table(): Promise<string>;
  /** Fires every timer that is due after this many milliseconds. */
  advance(ms: number): Promise<void>;
}

export interface TestDataplaneOptions {
  readonly kernel?: FakeKernel;
  /** Puts itself between the dataplane and the kernel. */
  readonly intercept?: (kernel: Kernel) => Kernel;
  readonly hashedLengthMin?: number;
  readonly isLinear?: boolean;
  readonly compiledCostMax?: number;
}

export function openDataplane({
  kernel = createFakeKernel(),
  intercept = (it) => it,
  hashedLengthMin,
  isLinear,
  compiledCostMax,
}: TestDataplaneOptions = {}): TestDataplane {
  const reports: string[] = [];
  const passes: PassStats[] = [];
  const clock = createManualClock();
  const dataplane = createNftablesDataplane({
    kernel: intercept(kernel),
    hostname: 'host',
    log: silentLogger,
    clock,
    hashedLengthMin,
    isLinear,
    compiledCostMax,
    onPass: (stats) => passes.push(stats),
    reports: {
      onWorkloadEndpointStatus: (id, status) => reports.push(`${id.workload} ${status}`),
      onHostEndpointStatus: (id, status) => reports.push(`${id.name} ${status}`),
      onPolicyStatus: (id, problem) => reports.push(`${id.name}: ${problem ?? 'ok'}`),
      onApplied: (revision) => reports.push(`applied ${revision}`),
    },
  });
  let revision = 0;
  return {
    kernel,
    reports,
    passes,
    async send(...messages) {
      revision += 1;
      dataplane.accept({ revision, messages });
      await dataplane.settled();
    },
    table: () => printTable(kernel),
    async advance(ms) {
      clock.advance(ms);
      await new Promise((resolve) => setImmediate(resolve));
      await dataplane.settled();
    },
    async [Symbol.asyncDispose]() {
      await dataplane.close();
    },
  };
}

/** Chains with their rules in order, sets with their elements and counters, each sorted: equal texts are equal tables. */
export async function printTable(kernel: Kernel): Promise<string> {
  const dump = await kernel.nft.dumpTable('calico');
  if (dump === undefined) return '';
  const chains = dump.chains.map(({ name, base }) => printChain(name, base, dump.rules));
  const counters = dump.counters.map(({ name }) => `counter ${name}`);
  const sets: string[] = [];
  for (const { name, flags } of dump.sets) {
    const elements = (await kernel.nft.dumpElements('calico', name)).map(printElement).sort();
    sets.push([`set ${name} ${flags}`, ...elements].join('\n  '));
  }
  return [...counters.sort(), ...sets.sort(), ...chains.sort()].join('\n');
}

function printChain(name: string, base: NftTableDump['chains'][number]['base'], rules: NftTableDump['rules']): string {
  const head = `chain ${name}${base === undefined ? '' : ` ${base.kind} ${base.hook} ${base.priority}`}`;
  const lines = rules.filter(({ chain }) => chain === name).map(({ expressions }) => expressions.toString('hex'));
  return [head, ...lines].join('\n  ');
}

function printElement({ key, isEnd, verdict, data }: NftElement): string {
  const value = verdict === undefined ? Buffer.from(data ?? []).toString('hex') : `${verdict.code} ${verdict.chain}`;
  return `${Buffer.from(key).toString('hex')}${isEnd === true ? ' end' : ''} ${value}`;
}

function createManualClock() {
  let nowMs = 0;
  const timers = new Set<{ readonly dueMs: number; readonly then: () => void }>();
  return {
    now: () => nowMs,
    after(delayMs: number, then: () => void) {
      const timer = { dueMs: nowMs + delayMs, then };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    advance(ms: number) {
      nowMs += ms;
      for (const timer of [...timers]) {
        if (timer.dueMs > nowMs || !timers.delete(timer)) continue;
        timer.then();
      }
    },
  };
}
