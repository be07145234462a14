/**
 * Brings the kernel's IP sets to what they are to be, through `ipset restore`, in two halves: what comes before the rules change, what goes after. I/O.
 * A set the kernel does not take is told and disturbs no other.
 */

import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Programs } from '../../../kernel/programs.ts';
import type { Logger } from '../../../lib/log.ts';
import { isOurSet } from '../../render/iptables/names.ts';
import { parseSets } from './parse-save.ts';
import type { DesiredSet, SetState } from './set-state.ts';

export interface SetWriterParts {
  readonly programs: Programs;
  readonly state: SetState;
  readonly log: Logger;
}

interface Line {
  readonly text: string;
  /** Whose it is: a set's name. */
  readonly set: string;
}

const temporaryName = { 4: 'cali4t', 6: 'cali6t' } as const;
/** Refused sets in one go; with more something else is wrong. */
const refusedMax = 32;

export class SetWriter {
  readonly #parts: SetWriterParts;

  constructor(parts: SetWriterParts) {
    this.#parts = parts;
  }

  /** Reads all sets of ours and compares. Throws when there is no ipset. */
  async read(): Promise<void> {
    const { code, stdout, stderr } = await this.#parts.programs.run('ipset', ['save']);
    if (code !== 0) throw new Error(`ipset save: ${stderr.trim()}`);
    const kernel = await inSlices(parseSets(stdout));
    for (const name of Object.values(temporaryName)) if (kernel.has(name)) await this.#restore([destroyLine(name)]);
    for (const name of Object.values(temporaryName)) kernel.delete(name);
    await inSlices(this.#parts.state.compare(kernel));
  }

  #restore(lines: readonly Line[]): Promise<ReadonlyMap<string, string>> {
    return restore(this.#parts.programs, lines, this.#parts.log);
  }

  /** Makes sets and adds members. Ids of sets that the kernel does not take -> its words; and how many lines were written. */
  async writeBefore(): Promise<{ readonly refused: ReadonlyMap<string, string>; readonly lines: number }> {
    const sets = this.#parts.state.dirty().filter(({ state, added }) => state !== 'present' || added.size > 0);
    const added = new Map(sets.map((set) => [set, [...set.added]]));
    const lines = sets.flatMap((set) => [...additions(set, this.#parts.state.maxElements)]);
    const problems = await this.#restore(lines);
    for (const [set, members] of added) if (!problems.has(set.name)) this.#parts.state.markAdded(set, members);
    const refused = new Map<string, string>();
    for (const set of sets) if (problems.has(set.name)) refused.set(set.id, problems.get(set.name) as string);
    return { refused, lines: lines.length };
  }

  /** Takes members and sets away. How many lines were written. */
  async writeAfter(): Promise<number> {
    const { state } = this.#parts;
    const sets = state.dirty().filter(({ state: is, removed }) => is === 'present' && removed.size > 0);
    const removed = new Map(sets.map((set) => [set, [...set.removed]]));
    const surplus = state.surplus();
    const lines = [...sets.flatMap(removals), ...surplus.map(destroyLine)];
    const problems = await this.#restore(lines);
    for (const [set, members] of removed) if (!problems.has(set.name)) state.markRemoved(set, members);
    for (const name of surplus) if (!problems.has(name)) state.markDestroyed(name);
    return lines.length;
  }
}

/** Sets whose lines the kernel refused; all other lines are done. */
async function restore(programs: Programs, lines: readonly Line[], log: Logger): Promise<ReadonlyMap<string, string>> {
  const problems = new Map<string, string>();
  let rest = lines;
  while (rest.length > 0) {
    const input = `${rest.map(({ text }) => text).join('\n')}\n`;
    const { code, stderr } = await programs.run('ipset', ['-exist', 'restore'], { input });
    if (code === 0) return problems;
    const set = rest[Number(/in line (\d+)/.exec(stderr)?.[1] ?? 0) - 1]?.set;
    if (set === undefined || problems.size >= refusedMax) throw new Error(`ipset restore: ${stderr.trim()}`);
    log.warn({ set, problem: stderr.trim() }, 'the kernel refuses what is to be done with an IP set');
    problems.set(set, stderr.trim());
    rest = rest.filter((line) => line.set !== set);
  }
  return problems;
}

/** All of ours. One that somebody else's rule names stays, and is told. */
export async function removeSets(programs: Programs, log: Logger): Promise<void> {
  const { code, stdout } = await programs.run('ipset', ['list', '-n']);
  if (code !== 0) return;
  await restore(programs, stdout.split('\n').filter(isOurSet).map(destroyLine), log);
}

function* additions(set: DesiredSet, maxElements: number): Generator<Line> {
  const { name, type, family, added, members, state } = set;
  const line = (text: string): Line => ({ text, set: name });
  const create = (as: string) =>
    line(`create ${as} ${type} family ${family === 4 ? 'inet' : 'inet6'} maxelem ${maxElements}`);
  if (state === 'misfit') {
    const temporary = temporaryName[family];
    yield create(temporary);
    for (const member of members) yield line(`add ${temporary} ${member}`);
    yield line(`swap ${temporary} ${name}`);
    yield line(`destroy ${temporary}`);
    return;
  }
  if (state === 'absent') yield create(name);
  for (const member of added) yield line(`add ${name} ${member}`);
}

function removals({ name, removed }: DesiredSet): Line[] {
  return Array.from(removed, (member) => ({ text: `del ${name} ${member}`, set: name }));
}

function destroyLine(name: string): Line {
  return { text: `destroy ${name}`, set: name };
}
