/**
 * The process that crash tests kill: writes without pause from several clients and prints a line for each acknowledged write:
 * `client count revision`. Each write is a transaction on two keys that must never differ; every 50th compacts.
 */
import { writeSync } from 'node:fs';
import { openLevelStore } from '#appliance/datastore/level/open.ts';

const [directory, clients, filler] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
const store = await openLevelStore(directory, { retention: false });
const padding = 'x'.repeat(filler);
say('open');
await Promise.all(Array.from({ length: clients }, (_, client) => write(client)));

async function write(client: number): Promise<void> {
  const left = Buffer.from(`/crash/left/${client}`);
  const right = Buffer.from(`/crash/right/${client}`);
  const { entries } = await store.range({ key: left });
  for (let count = Number(entries[0]?.value.toString().split(' ')[0] ?? 0) + 1; ; count++) {
    const value = Buffer.from(`${count} ${padding}`);
    const success = [left, right].map((key) => ({ type: 'put', key, value }) as const);
    const { revision } = await store.txn({ compare: [], success, failure: [] });
    say(`${client} ${count} ${revision}`);
    if (count % 50 === 0 && client === 0) await store.compact(revision - 20).catch(() => undefined);
  }
}

/** Straight to the pipe: a line that waits in this process would die with it. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}
