/**
 * Programs in the kernel's maps, of one kind of stage and one family: tables of classes, shared by whoever has the same one, and the default
 * tables of lists, whose cells change one by one. Pure.
 */
import { decisionChain } from '../../render/chain-spec.ts';
import type { Decision } from '../../render/compiled/decision.ts';
import type { CellMap } from '../../render/compiled/layout.ts';
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

/** An element of one of the maps. */
interface Cell {
  readonly map: CellMap;
  readonly key: string;
  readonly decision: Decision;
}

export interface SharedProgram {
  readonly key: string;
  readonly number: string;
  refs: number;
  readonly cells: readonly Cell[];
}

export interface ProgramStoreParts {
  readonly kind: StageKind;
  readonly family: Family;
  readonly maps: MapStore;
  readonly chains: ChainStore;
}

const none: readonly Cell[] = [];

export class ProgramStore {
  readonly #parts: ProgramStoreParts;
  readonly #shared = new Map<string, SharedProgram>();
  readonly #defaults = new Map<string, readonly Cell[]>();

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
    this.#change(none, shared.cells);
    return shared;
  }

  release(shared: SharedProgram): void {
    if (--shared.refs > 0) return;
    this.#shared.delete(shared.key);
    this.#change(shared.cells, none);
  }

  /** The default table of a list; undefined takes it away. */
  setDefault(list: string, program: Program | undefined): void {
    const { maps, kind, family } = this.#parts;
    const number = textOf(listNumber(list, family));
    const before = this.#defaults.get(list) ?? none;
    const now = program === undefined ? none : cellsOf(program, number);
    if (program === undefined) this.#defaults.delete(list);
    else this.#defaults.set(list, now);
    this.#change(before, now);
    const key = flat(textOf(listNumber(list)) + '\0'.repeat(8));
    maps.set(programMap(kind, family), key, program === undefined ? undefined : number);
  }

  /** Which program a class has in a list. */
  setProgram(list: string, classNumber: string, program: SharedProgram | undefined): void {
    const { maps, kind, family } = this.#parts;
    maps.set(programMap(kind, family), flat(textOf(listNumber(list)) + classNumber), program?.number);
  }

  /** What comes is acquired first, so that chains that both need stay. */
  #change(before: readonly Cell[], now: readonly Cell[]): void {
    const { maps, chains, kind, family } = this.#parts;
    const old = new Map(before.map(({ map, key, decision }) => [map + key, decision.name]));
    const kept = new Set<string>();
    for (const { map, key, decision } of now) {
      if (old.get(map + key) === decision.name) {
        kept.add(map + key);
        continue;
      }
      if (decision.verdict === undefined) chains.acquire(decisionChain(decision));
      maps.set(cellMap(map, kind, family), key, targetOf(decision));
    }
    const present = old.size === 0 ? old : new Set(now.map(({ map, key }) => map + key));
    for (const { map, key, decision } of before) {
      if (kept.has(map + key)) continue;
      if (decision.verdict === undefined) chains.release(decision.name);
      if (!present.has(map + key)) maps.set(cellMap(map, kind, family), key, undefined);
    }
  }
}

function targetOf({ name, verdict }: Decision): string {
  return verdict ?? flat(gotoValue(name));
}

function keyOf({ exact, ranges, wide }: Program): string {
  const cells = [
    ...[...exact].map(([cell, decision]) => `${cell} ${decision.name}`),
    ...ranges.map(({ protocol, first, last, decision }) => `${protocol} ${first}-${last} ${decision.name}`),
    ...[...wide].map(([protocol, decision]) => `* ${protocol} ${decision.name}`),
  ];
  return contentName('program', cells.sort());
}

function cellsOf({ exact, ranges, wide }: Program, number: string): Cell[] {
  const cells: Cell[] = [];
  const add = (map: CellMap, key: string, decision: Decision) => cells.push({ map, key: flat(key), decision });
  for (const [cell, decision] of exact) add('cells', number + word(cell >> 16) + port(cell & 0xffff, '\0'), decision);
  for (const { protocol, first, last, decision } of ranges) {
    const of = number + word(protocol);
    add('ranges', of + port(first, '\0') + of + port(last, '\xff'), decision);
  }
  for (const [protocol, decision] of wide) add('wide', number + wideWord(protocol), decision);
  // A copy has no room for more.
  return cells.slice();
}

/** The text in one piece: parts put together are kept as a tree of them. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
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
