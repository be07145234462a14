/**
 * The host bench: real daemons over a real store in a namespace of their own. Prints cold start, the time from an acknowledged write to the kernel having
 * it, churn, memory and stalls, and beside each change what the kernel alone took for the same transaction; each form of policy in turn, over a store of the
 * same content. Figures only; nothing is asserted. I/O.
 * Usage: host.ts [NUMBER OF POLICIES ...]   BENCH_CHURN_SECONDS (60), BENCH_ROUNDS (50), BENCH_FORMS (compiled,linear)
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import { type Daemons, startDaemons } from './daemons.ts';
import {
  appOf,
  bigSet,
  localEndpoint,
  policy,
  remoteEndpoint,
  type Sizes,
  type StoredObject,
  worldOf,
} from './host-world.ts';

const rounds = Number(process.env.BENCH_ROUNDS ?? 50);
const churnSeconds = Number(process.env.BENCH_CHURN_SECONDS ?? 60);
/** After a start the agent gives back memory as soon as it has time. */
const restMs = 5_000;
const asked = process.argv.slice(2).map(Number);
const say = (text: string) => process.stdout.write(`${text}\n`);
const forms = (process.env.BENCH_FORMS ?? 'compiled,linear').split(',');
/** What is printed once more at the end, by run and title: what each form had. */
const summary = new Map<string, Map<string, string[]>>();
let run = { title: '', form: '' };

for (const policies of asked.length > 0 ? asked : [100, 1_000, 10_000]) {
  for (const form of forms) {
    await bench({ policies, localEndpoints: 1_000, remoteEndpoints: 50_000, cidrs: 100_000 }, form);
  }
}
await benchEmpty();
say('\n== summary: p50 / p99 from the acknowledged write to the kernel having it, and of that the kernel alone');
for (const [title, rows] of summary) {
  say(`\n${title}`);
  for (const [what, cells] of rows) for (const [i, cell] of cells.entries()) say(row(i === 0 ? what : '', cell));
}

async function bench(sizes: Sizes, form: string): Promise<void> {
  const { policies, localEndpoints, remoteEndpoints, cidrs } = sizes;
  begin(
    `== ${policies} policies, ${localEndpoints} local and ${remoteEndpoints} remote endpoints, ${cidrs} CIDRs`,
    form,
  );
  const folder = mkdtempSync(join(tmpdir(), 'calico-bench-'));
  try {
    await load(join(folder, 'data/store'), worldOf(sizes));
    await using daemons = await startDaemons(folder, { CALICO_POLICY_FORM: form });
    announce('cold start to in-sync', `${(daemons.coldStartMs / 1000).toFixed(2)} s`, await daemons.passText());
    announce('memory after start', await daemons.memoryText());
    announce('longest stall, cold start', ms(await daemons.takeStallMs()));
    await sleep(restMs);
    announce('memory at rest', await daemons.memoryText());
    announce('longest stall, giving back memory', ms(await daemons.takeStallMs()));
    await benchChanges(daemons, sizes);
    await benchBurst(daemons, sizes);
    await benchChurn(daemons, sizes);
    announce('memory at the end', await daemons.memoryText());
    announce('longest stall, changes and churn', ms(await daemons.takeStallMs()));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function benchEmpty(): Promise<void> {
  begin('== empty store', '');
  const folder = mkdtempSync(join(tmpdir(), 'calico-bench-'));
  try {
    await using daemons = await startDaemons(folder);
    announce('cold start to in-sync', `${(daemons.coldStartMs / 1000).toFixed(2)} s`);
    announce('memory after start', await daemons.memoryText());
    await sleep(restMs);
    announce('memory at rest', await daemons.memoryText());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Fills an embedded store before anybody has it open. */
async function load(directory: string, objects: readonly StoredObject[]): Promise<void> {
  const store = await openLevelStore(directory, { limits: { requestBytesMax: 64 * 1024 * 1024 } });
  for (let i = 0; i < objects.length; i += 100) {
    const success = objects.slice(i, i + 100).map(put);
    await store.txn({ compare: [], success, failure: [] });
  }
  await store.close();
}

function put({ key, value }: StoredObject) {
  return { type: 'put' as const, key: Buffer.from(key), value: Buffer.from(JSON.stringify(value)) };
}

/** Single changes, one after the other, each from the acknowledged write to the kernel. */
async function benchChanges(daemons: Daemons, sizes: Sizes): Promise<void> {
  const { policies, localEndpoints, cidrs } = sizes;
  const newPolicy = (i: number) => policy(policies + i, 9000, sizes);
  const newEndpoint = (i: number) => localEndpoint(localEndpoints + i);
  await change(daemons, "a rule's port", (i) => policy(1 + (i % (policies - 1)), 10_000 + i, sizes));
  await change(daemons, 'a label: endpoint into or out of a set', (i) =>
    remoteEndpoint((i >> 1) * 7, i % 2 === 0 ? 1 : appOf((i >> 1) * 7)),
  );
  await change(daemons, 'a CIDR into or out of the big set', (i) =>
    bigSet(cidrs, i % 2 === 0 ? 777 * (i + 1) : undefined),
  );
  await change(daemons, 'a policy created', newPolicy);
  await change(daemons, 'a policy deleted', newPolicy, true);
  await change(daemons, 'a local endpoint added', newEndpoint);
  await change(daemons, 'a local endpoint removed', newEndpoint, true);
}

async function change(
  daemons: Daemons,
  title: string,
  make: (i: number) => StoredObject,
  isDelete = false,
): Promise<void> {
  const times: number[] = [];
  const kernel: number[] = [];
  let last = '';
  for (let i = 0; i < rounds; i++) {
    const object = make(i);
    const revision = isDelete ? await daemons.remove(object.key) : await daemons.put(put(object));
    const acknowledged = performance.now();
    await daemons.wait(revision);
    times.push(performance.now() - acknowledged);
    const pass = await daemons.lastPass();
    kernel.push(pass.kernelMs);
    last = `last: ${pass.operations} operations, ${pass.bytes} bytes`;
  }
  const pair = (values: readonly number[]) => `${ms(at(values, 0.5))} / ${ms(at(values, 0.99))}`.padEnd(20);
  announce(title, `${pair(times)}   kernel ${pair(kernel)}`, last);
}

async function benchBurst(daemons: Daemons, sizes: Sizes): Promise<void> {
  const count = Math.min(1_000, sizes.policies - 1);
  const started = performance.now();
  const revisions = await Promise.all(
    Array.from({ length: count }, (_, i) => daemons.put(put(policy(1 + i, 20_000 + i, sizes)))),
  );
  await daemons.wait(Math.max(...revisions));
  announce(`${count} policy changes back to back`, `${((performance.now() - started) / 1000).toFixed(2)} s`);
}

async function benchChurn(daemons: Daemons, sizes: Sizes): Promise<void> {
  const before = daemons.cpuSeconds();
  const started = performance.now();
  for (let i = 0; performance.now() - started < churnSeconds * 1000; i++) {
    await daemons.put(put(remoteEndpoint((i * 13) % sizes.remoteEndpoints, i % 500)));
    const next = started + (i + 1) * 50;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
  }
  const wall = (performance.now() - started) / 1000;
  const after = daemons.cpuSeconds();
  const share = (used: number) => `${((used / wall) * 100).toFixed(1)} %`;
  announce(
    `${churnSeconds} s of 20 label changes a second`,
    `agent ${share(after.node - before.node)} of a core, API server ${share(after.apiserver - before.apiserver)}`,
  );
}

function at(values: readonly number[], quantile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} ms`;
}

function begin(title: string, form: string): void {
  run = { title, form };
  if (!summary.has(title)) summary.set(title, new Map());
  say(`\n${title}${form === '' ? '' : `, ${form}`}`);
}

/** Says a line now, with details, and once more at the end without. */
function announce(title: string, text: string, detail = ''): void {
  const rows = summary.get(run.title)!;
  rows.set(title, [...(rows.get(title) ?? []), `${run.form.padEnd(9)} ${text}`]);
  say(row(title, text, detail));
}

function row(title: string, ...cells: string[]): string {
  return `${title.padEnd(42)} ${cells.filter((c) => c !== '').join('   ')}`;
}
