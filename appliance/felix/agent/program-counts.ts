/**
 * Counts what is asked of the programs of iptables and ipset, and how it ended: a layer over the port that starts them. I/O: that port, the clock.
 * Source: the list of Felix's metrics.
 */
import type { ProgramResult, Programs } from '../../kernel/programs.ts';
import { Summary } from '../status/metrics/summary.ts';

export interface CallCount {
  calls: number;
  errors: number;
}

export class ProgramCounts {
  readonly restores: CallCount = { calls: 0, errors: 0 };
  readonly saves: CallCount = { calls: 0, errors: 0 };
  readonly ipset: CallCount = { calls: 0, errors: 0 };
  readonly startMicros = new Summary();
  ipsetLines = 0;
  /** `4 filter` -> changes that were written. */
  readonly lines = new Map<string, number>();

  /** The programs, each call of which is counted. */
  over(programs: Programs): Programs {
    return {
      run: async (program, args, options) => {
        const result = await programs.run(program, args, options);
        this.#take(program, args, options?.input ?? '', result);
        return result;
      },
      close: () => programs.close(),
    };
  }

  #take(program: string, args: readonly string[], input: string, { code, startMs }: ProgramResult): void {
    if (startMs === undefined) return;
    this.startMicros.observe(startMs * 1000, performance.now());
    const count = args.includes('--version') ? undefined : this.#countOf(program);
    if (count === undefined) return;
    count.calls++;
    if (code !== 0) count.errors++;
    else if (count === this.ipset) this.ipsetLines += linesIn(input);
    else if (count === this.restores) this.#takeRules(program.startsWith('ip6') ? 6 : 4, input);
  }

  #countOf(program: string): CallCount | undefined {
    if (program === 'ipset') return this.ipset;
    if (program.endsWith('-restore')) return this.restores;
    return program.endsWith('-save') ? this.saves : undefined;
  }

  /** A part of the input for each table: its name, the changes, COMMIT. */
  #takeRules(family: 4 | 6, input: string): void {
    for (const part of input.split(/^\*/m).slice(1)) {
      const key = `${family} ${part.slice(0, part.indexOf('\n'))}`;
      const changes = linesIn(part) - 2;
      this.lines.set(key, (this.lines.get(key) ?? 0) + changes);
    }
  }
}

function linesIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
