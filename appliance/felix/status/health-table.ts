/** The parts of the agent and how they are, as the text table that Felix answers with. Pure. */
import { printDuration } from '../../resources/fields/duration.ts';
import type { HealthState } from './health.ts';

const head = ['COMPONENT', 'TIMEOUT', 'LIVENESS', 'READINESS', 'DETAIL'];

/** In the order of names. */
export function renderHealthTable(states: readonly HealthState[]): string {
  const rows = states.map(rowOf).sort(([a], [b]) => (a! < b! ? -1 : 1));
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const print = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return `${[line, print(head), line, ...rows.map(print), line].join('\n')}\n`;
}

function rowOf({ name, timeoutMs, isTimedOut, isReady, detail }: HealthState): string[] {
  const timeout = timeoutMs > 0 ? printDuration(BigInt(Math.round(timeoutMs)) * 1_000_000n) : '-';
  const liveness = isTimedOut ? 'timed out' : 'reporting live';
  const ready = isReady ? 'reporting ready' : 'reporting non-ready';
  return [name, timeout, liveness, isTimedOut ? 'timed out' : ready, detail.replaceAll(/\s+/g, ' ')];
}
