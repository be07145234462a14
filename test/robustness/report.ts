/** What a run did, in figures, and where its history lies when it went wrong. I/O. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkLinearizable } from './checker.ts';
import { judge } from './rules/judge.ts';
import type { RunReport } from './run.ts';

/** Figures of a run, to print and to hold against what a run must do at least. */
export interface Figures {
  readonly kills: number;
  readonly operations: number;
  readonly acknowledgedWrites: number;
  readonly unknown: number;
  readonly compactions: number;
  readonly events: number;
  readonly watches: number;
  readonly compactedWatches: number;
  readonly checked: number;
  readonly checkMs: number;
}

export function figuresOf({ record, verdict, kills }: RunReport): Figures {
  const { operations, watches } = record;
  const fine = operations.filter(({ outcome }) => outcome === 'ok');
  return {
    kills,
    operations: operations.length,
    acknowledgedWrites: fine.filter((o) => o.kind === 'txn' && o.answer?.results.some(({ type }) => type !== 'range'))
      .length,
    unknown: operations.filter(({ outcome }) => outcome === 'unknown').length,
    compactions: fine.filter(({ kind }) => kind === 'compact').length,
    events: watches.reduce((sum, { batches }) => sum + batches.reduce((n, { events }) => n + events.length, 0), 0),
    watches: watches.length,
    compactedWatches: watches.filter(({ ending }) => ending === 'STORE_COMPACTED').length,
    checked: verdict.operations,
    checkMs: verdict.millis,
  };
}

/** How often each fault was put in. */
export function faultCounts({ faults }: RunReport): string {
  const counts = new Map<string, number>();
  for (const name of faults) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}

/** Writes the history, the problems and porcupine's picture to a new directory; gives its path. */
export async function keepHistory(name: string, { record, problems, verdict }: RunReport): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), `robustness-${name.replaceAll(' ', '-')}-`));
  writeFileSync(join(directory, 'history.json'), JSON.stringify(record));
  writeFileSync(join(directory, 'input.json'), JSON.stringify(judge(record, true).input));
  writeFileSync(join(directory, 'problems.txt'), `${verdict.result}\n${problems.join('\n')}\n`);
  if (verdict.result !== 'Ok') await checkLinearizable(judge(record, true).input, join(directory, 'history.html'));
  return directory;
}
