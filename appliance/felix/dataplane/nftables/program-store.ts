/**
 * Programs in the kernel's maps, of one kind of stage and one family: tables of classes, shared by whoever has the same one, and the default
 * tables of lists, whose cells change one by one. Pure.
 */
import { decisionChain } from '../../render/chain-spec.ts';
import type { Decision } from '../../render/compiled/decision.ts';
import { cellMap, listNumber, otherProtocolsWord, programMap } from '../../render/compiled/layout.ts';
import type { Program } from '../../render/compiled/list-program.ts';
import { otherProtocols } from '../../render/compiled/list-program.ts';
import type { Family } from '../../render/match.ts';
import { contentName } from '../../render/names.ts';
import { setNumber } from '../../render/set-layout.ts';
import type { StageKind } from '../../render/stage.ts';
import { textOf } from './byte-text.ts';
import type { ChainStore } from './chain-store.ts';
import { gotoValue, type MapStore } from './map-store.ts';

/** Key text -> decision, by map. */
type Cells = Readonly<Record<'cells' | 'ranges' | 'wide', ReadonlyMap<string, Decision>>>;

export interface SharedProgram {
  readonly key: string;
  readonly number: string;
  refs: number;
  readonly cells: Cells;
}

export interface ProgramStoreParts {
  readonly kind: StageKind;
  readonly family: Family;
  readonly maps: MapStore;
  readonly chains: ChainStore;
}

const mapNames = ['cells', 'ranges', 'wide'] as const;
const noCells: Cells = { cells: new Map(), ranges: new Map(), wide: new Map() };

export class ProgramStore {
  readonly #parts: ProgramStoreParts;
  readonly #shared = new Map<string, SharedProgram>();
  readonly #defaults = new Map<string, Cells>();

  constructor(parts: ProgramStoreParts) {
    this.#parts = parts;
  }

  /** The shared program of this content. */
  acquire(program: Program): SharedProgram {
    const key = keyOf(program);
    const known = this.#shared.get(key);
    if (known !== undefined) {
      known.refs++;
      return known;
    }
    const bytes = setNumber(key);
    const shared = { key, number: textOf(bytes), refs: 1, cells: cellsOf(program, textOf(bytes)) };
    this.#shared.set(key, shared);
    this.#change(noCells, shared.cells);
    return shared;
  }

  release(shared: SharedProgram): void {
    if (--shared.refs > 0) return;
    this.#shared.delete(shared.key);
    this.#change(shared.cells, noCells);
  }

  /** The default table of a list; undefined takes it away. */
  setDefault(list: string, program: Program | undefined): void {
    const { maps, kind, family } = this.#parts;
    const number = textOf(listNumber(list, family));
    const before = this.#defaults.get(list) ?? noCells;
    const now = program === undefined ? noCells : cellsOf(program, number);
    if (program === undefined) this.#defaults.delete(list);
    else this.#defaults.set(list, now);
    this.#change(before, now);
    const key = textOf(listNumber(list)) + '\0'.repeat(8);
    maps.set(programMap(kind, family), key, program === undefined ? undefined : number);
  }

  /** Which program a class has in a list. */
  setProgram(list: string, classNumber: string, program: SharedProgram | undefined): void {
    const { maps, kind, family } = this.#parts;
    maps.set(programMap(kind, family), textOf(listNumber(list)) + classNumber, program?.number);
  }

  /** What comes is acquired first, so that chains that both need stay. */
  #change(before: Cells, now: Cells): void {
    const { maps, chains, kind, family } = this.#parts;
    for (const name of mapNames) {
      const map = cellMap(name, kind, family);
      for (const [key, decision] of now[name]) {
        if (before[name].get(key)?.name === decision.name) continue;
        if (decision.verdict === undefined) chains.acquire(decisionChain(decision));
        maps.set(map, key, targetOf(decision));
      }
    }
    for (const name of mapNames) {
      const map = cellMap(name, kind, family);
      for (const [key, decision] of before[name]) {
        const next = now[name].get(key);
        if (next?.name === decision.name) continue;
        if (decision.verdict === undefined) chains.release(decision.name);
        if (next === undefined) maps.set(map, key, undefined);
      }
    }
  }
}

function targetOf({ name, verdict }: Decision): string {
  return verdict ?? gotoValue(name);
}

function keyOf({ exact, ranges, wide }: Program): string {
  const cells = [
    ...[...exact].map(([cell, decision]) => `${cell} ${decision.name}`),
    ...ranges.map(({ protocol, first, last, decision }) => `${protocol} ${first}-${last} ${decision.name}`),
    ...[...wide].map(([protocol, decision]) => `* ${protocol} ${decision.name}`),
  ];
  return contentName('program', cells.sort());
}

function cellsOf({ exact, ranges, wide }: Program, number: string): Cells {
  return {
    cells: new Map([...exact].map(([cell, d]) => [number + word(cell >> 16) + port(cell & 0xffff, '\0'), d])),
    ranges: new Map(
      ranges.map(({ protocol, first, last, decision }) => {
        const of = number + word(protocol);
        return [of + port(first, '\0') + of + port(last, '\xff'), decision];
      }),
    ),
    wide: new Map([...wide].map(([protocol, decision]) => [number + wideWord(protocol), decision])),
  };
}

function wideWord(protocol: number): string {
  return protocol === otherProtocols ? textOf(otherProtocolsWord) : word(protocol);
}

function word(protocol: number): string {
  return `${String.fromCharCode(protocol)}\0\0\0`;
}

function port(number: number, filler: string): string {
  return String.fromCharCode(number >> 8, number & 0xff) + filler + filler;
}
