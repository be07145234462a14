/**
 * Records anew what Calico makes of the inputs in the golden files, with a released calicoctl and an etcd of its own (`etcd` in the path).
 * Run by hand: `CALICOCTL=/path/to/calicoctl sh bin/run-ts test/interop/record.ts`; it takes some minutes. Lines of kinds calicoctl cannot
 * write stay as they are. Look at the difference before you keep it: another release writes other bytes (README.md).
 */
import { writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { prefixEnd, type Store } from '#appliance/datastore/store.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';
import { parseStoreKey } from '#appliance/resources/key.ts';
import { calicoctlKinds, kindOf } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { startEtcd } from '../appliance/datastore/etcd/etcd-server.ts';
import { realisticManifests } from '../appliance/resources/realistic-manifests.ts';
import { type FieldCase, manifestWith } from './field-case.ts';
import { type GoldenEntry, goldenStamps, readDocuments, readEntries } from './golden.ts';

/** calicoctl on the recorder's store; its output, or undefined when it refused. */
type Calicoctl = (words: readonly string[], manifest?: object) => Promise<string | undefined>;

const prefix = Buffer.from('/calico/');
const program = process.env.CALICOCTL;
if (program === undefined) {
  process.stderr.write("CALICOCTL must name Calico's calicoctl\n");
  process.exitCode = 2;
} else {
  await using etcd = await startEtcd();
  const store = openEtcdStore({ endpoints: [etcd.endpoint], log });
  const env = { DATASTORE_TYPE: 'etcdv3', ETCD_ENDPOINTS: etcd.endpoint };
  const calicoctl: Calicoctl = async (words, manifest) => {
    const input = manifest === undefined ? {} : { input: JSON.stringify(manifest) };
    const run = await execa(program, words, { env, reject: false, ...input });
    return run.exitCode === 0 ? run.stdout : undefined;
  };
  await recordCreated(calicoctl, store);
  for (const release of ['v3.21.6', 'v3.25.2', 'v3.30.7']) await recordRelease(release, calicoctl, store);
  await recordFields(calicoctl, store);
  await store.close();
}

async function recordCreated(calicoctl: Calicoctl, store: Store): Promise<void> {
  await clear(store);
  for (const { manifest } of realisticManifests) await calicoctl(['create', '-f', '-'], manifest);
  const stored = new Map((await entriesOf(store)).map(({ key, value }) => [key, value]));
  writeEntries(
    'created.txt',
    readEntries('created.txt').map(({ key, value }) => ({ key, value: stored.get(key) ?? value })),
  );
}

async function recordFields(calicoctl: Calicoctl, store: Store): Promise<void> {
  const cases: FieldCase[] = [];
  for (const one of readDocuments<FieldCase>('fields.jsonl')) {
    await clear(store);
    for (const needed of neededBy(one.kind)) await calicoctl(['create', '-f', '-'], needed);
    const manifest = manifestWith(one.kind, one.path, one.value);
    const isTaken = isKnown(one.kind) && (await calicoctl(['create', '-f', '-'], manifest)) !== undefined;
    const end = `/${(manifest as unknown as Resource).metadata.name ?? ''}`;
    const here = `/${kindOf(one.kind)!.plural}/`;
    const found = (await entriesOf(store)).find(({ key }) => key.includes(here) && key.endsWith(end));
    const spec = found?.value.slice(found.value.indexOf('"spec":') + 7, -1);
    cases.push({ ...one, stored: isTaken && spec !== undefined ? spec : one.stored });
  }
  writeDocuments('fields.jsonl', cases);
}

/** Reads each value that an earlier release stored, and has a label added to it. */
async function recordRelease(release: string, calicoctl: Calicoctl, store: Store): Promise<void> {
  const readings = new Map(
    readDocuments<{ key: string }>(`${release}-read.jsonl`).map((one) => [one.key, one as object]),
  );
  for (const { key, value } of readEntries(`${release}-stored.txt`)) {
    const { kind, namespace, name } = parseStoreKey(key)!;
    if (!isKnown(kind.kind) || kind.isReadOnly === true) continue;
    await clear(store);
    await store.put(Buffer.from(key), Buffer.from(value));
    const words = [kind.singular, name, ...(namespace === undefined ? [] : ['-n', namespace])];
    const answer = await calicoctl(['get', ...words, '-o', 'json']);
    if (answer === undefined) continue;
    const read = JSON.parse(answer) as Resource;
    delete read.metadata.resourceVersion;
    const isTaken = (await calicoctl(['label', ...words, 'touched=yes'])) !== undefined;
    const { entries } = await store.range({ key: Buffer.from(key) });
    readings.set(key, { key, read, rewritten: isTaken ? entries[0]!.value.toString() : null });
  }
  writeDocuments(`${release}-read.jsonl`, [...readings.values()]);
}

function isKnown(kind: string): boolean {
  return calicoctlKinds.some((one) => one.kind === kind);
}

/** What an example refers to. */
function neededBy(kind: string): object[] {
  if (kind.endsWith('Policy')) return [tier('ops'), tier('security')];
  return kind === 'BGPPeer' ? [kindOf('BGPFilter')!.example] : [];
}

function tier(name: string): object {
  return { kind: 'Tier', apiVersion: 'projectcalico.org/v3', metadata: { name }, spec: {} };
}

async function clear(store: Store): Promise<void> {
  await store.delete({ key: prefix, rangeEnd: prefixEnd(prefix) });
}

/** What is stored, with what was drawn by chance replaced. */
async function entriesOf(store: Store): Promise<GoldenEntry[]> {
  const { entries } = await store.range({ key: prefix, rangeEnd: prefixEnd(prefix) });
  const time = goldenStamps.now().toISOString().replace('.000', '');
  return entries.map(({ key, value }) => ({
    key: key.toString(),
    value: value
      .toString()
      .replace(/"uid":"[^"]*"/, `"uid":"${goldenStamps.uuid()}"`)
      .replace(/"creationTimestamp":"[^"]*"/, `"creationTimestamp":"${time}"`),
  }));
}

function writeEntries(file: string, entries: readonly GoldenEntry[]): void {
  write(
    file,
    entries.flatMap(({ key, value }) => [key, value]),
  );
}

function writeDocuments(file: string, documents: readonly object[]): void {
  write(
    file,
    documents.map((one) => JSON.stringify(one)),
  );
}

function write(file: string, lines: readonly string[]): void {
  writeFileSync(new URL(`golden/${file}`, import.meta.url), `${lines.join('\n')}\n`);
}
