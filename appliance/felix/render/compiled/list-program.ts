/**
 * A list of entries decided in advance, in one family: for each class of peers a table from protocol and port to a decision. Pure.
 * The default table is total and speaks for addresses that meet no criterion. The table of a class has only the cells in which it differs;
 * what it has is looked up first, and in both an exact port comes before a range, a range before the protocol, the protocol before the rest.
 * So a class whose protocol is decided as a whole must also have the cells that this would hide.
 */
import { assert } from '../../../lib/assert.ts';
import type { PortRange } from '../../model/policy.ts';
import { type Decision, Decisions, type Step } from './decision.ts';
import type { EntryList } from './entry.ts';
import { type Criterion, criterionOf, idsOf, type Shape } from './shape.ts';

/** Stands for every protocol that no rule of the list names. */
export const otherProtocols = -1;

export interface RangeCell extends PortRange {
  readonly protocol: number;
  readonly decision: Decision;
}

/** Cells by `cellKey()`; disjoint ranges; whole protocols. */
export interface Program {
  readonly exact: ReadonlyMap<number, Decision>;
  readonly ranges: readonly RangeCell[];
  readonly wide: ReadonlyMap<number, Decision>;
}

export function cellKey(protocol: number, port: number): number {
  return protocol * 0x10000 + port;
}

/** Where a class differs from no class: entries that match it too, and entries that do not match it any more. Ranks ascend. */
interface Own {
  readonly extra: readonly number[];
  readonly lost: ReadonlySet<number>;
}

interface Point {
  readonly protocol: number;
  /** Absent: a packet without ports, or of a protocol that nobody names. */
  readonly port?: number;
}

/** Entries that may match the peers of no class, by protocol; ranks ascend. */
interface Defaults {
  readonly exact: ReadonlyMap<number, readonly number[]>;
  readonly wide: readonly number[];
  readonly segments: readonly PortRange[];
}

const nothingOwn: Own = { extra: [], lost: new Set() };
const none: readonly never[] = [];
const empty: Program = { exact: new Map(), ranges: [], wide: new Map() };

export class ListProgram {
  readonly list: EntryList;
  readonly #shapes: readonly (Shape | undefined)[];
  readonly #decisions: Decisions;
  /** A lone rank is kept bare: most criteria are asked for once. */
  readonly #ranksOf = new Map<string, number | number[]>();
  readonly #defaultRanks: number[] = [];
  readonly #protocols = new Set<number>();
  readonly #defaultsOf = new Map<number, Defaults>();
  #partials = 0;
  #default: Program | undefined;

  constructor(list: EntryList, shapes: readonly (Shape | undefined)[], decisions = new Decisions()) {
    this.list = list;
    this.#shapes = shapes;
    this.#decisions = decisions;
    shapes.forEach((shape, rank) => {
      if (shape !== undefined) this.#index(shape, rank);
    });
  }

  /** Everything that entries ask of a peer. */
  criteria(): Iterable<string> {
    return this.#ranksOf.keys();
  }

  hasCriterion(id: string): boolean {
    return this.#ranksOf.has(id);
  }

  criterion(id: string): Criterion {
    const ranks = this.#ranksOf.get(id);
    const rank = typeof ranks === 'number' ? ranks : ranks?.[0];
    return criterionOf(this.#shapes[rank as number] as Shape, id);
  }

  #index(shape: Shape, rank: number): void {
    for (const protocol of [shape.protocol, shape.notProtocol]) {
      if (protocol !== undefined) this.#protocols.add(protocol);
    }
    if (shape.isPartial) this.#partials++;
    if (shape.all.length === 0) this.#defaultRanks.push(rank);
    for (const id of idsOf(shape)) {
      const ranks = this.#ranksOf.get(id);
      if (ranks === undefined) this.#ranksOf.set(id, rank);
      else if (typeof ranks === 'number') this.#ranksOf.set(id, [ranks, rank]);
      else ranks.push(rank);
    }
  }

  /** True for the very shapes it was made of. */
  hasShapes(shapes: readonly (Shape | undefined)[]): boolean {
    return shapes.length === this.#shapes.length && shapes.every((shape, i) => shape === this.#shapes[i]);
  }

  /** How many chains branches may lead into one another. */
  get branches(): number {
    const { jumps } = this.list;
    const targets = this.#shapes.map((shape, rank) => (shape?.isPartial && jumps[rank]! > rank + 1 ? jumps[rank] : -1));
    return new Set(targets).size - 1;
  }

  /** About how many cells and rules the default table takes, at most. */
  get defaultCost(): number {
    const segments = [...this.#protocols].reduce((sum, p) => sum + this.#defaults(p).segments.length, 0);
    return (segments + this.#protocols.size + 1) * (1 + this.#partials);
  }

  /** And the table of a class. */
  costOf(ids: readonly string[]): number {
    const { extra, lost } = this.#ownOf(ids);
    let cost = 0;
    for (const rank of [...extra, ...lost]) {
      const { protocol, ports } = this.#shapes[rank] as Shape;
      if (ports === undefined) cost += protocol === undefined ? this.#allSegments() : this.#segmentsOf(protocol);
      else for (const { first, last } of ports) cost += first === last ? 1 : 1 + this.#segmentsOf(protocol as number);
    }
    return cost * (1 + this.#partials);
  }

  #segmentsOf(protocol: number): number {
    return 1 + this.#defaults(protocol).segments.length;
  }

  #allSegments(): number {
    let sum = 1;
    for (const protocol of this.#protocols) sum += this.#segmentsOf(protocol);
    return sum;
  }

  /** The table of addresses that meet no criterion. */
  get default(): Program {
    this.#default ??= this.#compileDefault();
    return this.#default;
  }

  /** The table of addresses that meet these criteria and no others. */
  programOf(ids: readonly string[]): Program {
    const own = this.#ownOf(ids);
    return own.extra.length === 0 && own.lost.size === 0 ? empty : this.#compileClass(own);
  }

  #ownOf(ids: readonly string[]): Own {
    const met = new Set(ids);
    const ranks = new Set<number>();
    for (const id of ids) {
      const asked = this.#ranksOf.get(id) ?? none;
      if (typeof asked === 'number') ranks.add(asked);
      else for (const rank of asked) ranks.add(rank);
    }
    const extra: number[] = [];
    const lost = new Set<number>();
    for (const rank of ranks) {
      const { all, none: unmet } = this.#shapes[rank] as Shape;
      const doesMatch = all.every((id) => met.has(id)) && !unmet.some((id) => met.has(id));
      if (doesMatch && all.length > 0) extra.push(rank);
      if (!doesMatch && all.length === 0) lost.add(rank);
    }
    return { extra: extra.sort(ascending), lost };
  }

  #compileDefault(): Program {
    const exact = new Map<number, Decision>();
    const ranges: RangeCell[] = [];
    const wide = new Map<number, Decision>();
    const rest = this.#decide({ protocol: otherProtocols }, nothingOwn);
    wide.set(otherProtocols, rest);
    for (const protocol of this.#protocols) {
      const whole = this.#decide({ protocol }, nothingOwn);
      if (whole !== rest) wide.set(protocol, whole);
      for (const segment of this.#defaults(protocol).segments) {
        this.#putCell(protocol, segment, nothingOwn, whole, exact, ranges);
      }
    }
    return { exact, ranges, wide };
  }

  #compileClass(own: Own): Program {
    const exact = new Map<number, Decision>();
    const ranges: RangeCell[] = [];
    const wide = new Map<number, Decision>();
    const changed = [...own.extra, ...own.lost].map((rank) => this.#shapes[rank] as Shape);
    const isChanged = (protocol: number) => changed.some((shape) => fits(shape, { protocol }));
    let rest: Decision | undefined;
    if (isChanged(otherProtocols)) {
      const decision = this.#decide({ protocol: otherProtocols }, own);
      if (decision !== this.#decide({ protocol: otherProtocols }, nothingOwn)) {
        rest = decision;
        wide.set(otherProtocols, rest);
      }
    }
    for (const protocol of this.#protocols) {
      let whole = rest;
      const isWide = rest !== undefined || isChanged(protocol);
      if (isWide) {
        const decision = this.#decide({ protocol }, own);
        if (decision !== (rest ?? this.#decide({ protocol }, nothingOwn))) {
          whole = decision;
          wide.set(protocol, decision);
        }
      }
      const ports = changed.flatMap((shape) => (shape.protocol === protocol ? (shape.ports ?? none) : none));
      if (!isWide && ports.length === 0) continue;
      const defaults = this.#defaults(protocol).segments;
      const segments = isWide ? split([...ports, ...defaults], none) : split(ports, splitters(defaults, ports));
      for (const segment of segments) this.#putCell(protocol, segment, own, whole, exact, ranges);
    }
    return { exact, ranges, wide };
  }

  /** `whole`: what the table says of the protocol where it has no cell; absent when the default table is asked then. */
  #putCell(
    protocol: number,
    { first, last }: PortRange,
    own: Own,
    whole: Decision | undefined,
    exact: Map<number, Decision>,
    ranges: RangeCell[],
  ): void {
    const decision = this.#decide({ protocol, port: first }, own);
    if (decision === (whole ?? this.#defaultAt(protocol, first))) return;
    if (first === last) exact.set(cellKey(protocol, first), decision);
    else ranges.push({ protocol, first, last, decision });
  }

  #defaultAt(protocol: number, port: number): Decision {
    return this.#decide({ protocol, port }, nothingOwn);
  }

  #defaults(protocol: number): Defaults {
    let defaults = this.#defaultsOf.get(protocol);
    if (defaults === undefined) {
      defaults = this.#indexDefaults(protocol);
      this.#defaultsOf.set(protocol, defaults);
    }
    return defaults;
  }

  #indexDefaults(protocol: number): Defaults {
    const exact = new Map<number, number[]>();
    const wide: number[] = [];
    const asked: PortRange[] = [];
    for (const rank of this.#defaultRanks) {
      const shape = this.#shapes[rank] as Shape;
      if (!hasProtocol(shape, protocol)) continue;
      if (shape.ports?.some(({ first, last }) => first !== last) ?? true) wide.push(rank);
      for (const range of shape.ports ?? none) {
        asked.push(range);
        if (range.first === range.last) pushTo(exact, range.first, rank);
      }
    }
    return { exact, wide, segments: split(asked, none) };
  }

  #decide(point: Point, own: Own): Decision {
    return this.#walk(point, own, 0, new Map());
  }

  /** The entries that match from a rank on, in order. Equal continuations of one point are walked once. */
  #walk(point: Point, own: Own, start: number, known: Map<number, Decision>): Decision {
    const { entries, jumps } = this.list;
    const defaults = this.#defaults(point.protocol);
    const exact = point.port === undefined ? none : (defaults.exact.get(point.port) ?? none);
    const next = createMerge(exact, defaults.wide, own.extra);
    const steps: Step[] = [];
    for (let from = start; ; ) {
      const rank = next(from);
      assert(rank < entries.length, 'the last entry matches everything');
      from = rank + 1;
      const shape = this.#shapes[rank] as Shape;
      if (own.lost.has(rank) || !fits(shape, point)) continue;
      const entry = entries[rank] as EntryList['entries'][number];
      const jump = jumps[rank] as number;
      if (!shape.isPartial) {
        steps.push({ entry, isPartial: false });
        if (jump < 0) return this.#decisions.of(steps);
        from = jump;
      } else if (jump <= rank + 1) steps.push({ entry, isPartial: true });
      else {
        const branch = known.get(jump) ?? this.#walk(point, own, jump, known);
        known.set(jump, branch);
        steps.push({ entry, isPartial: true, branch });
      }
    }
  }
}

/** True when a packet of this kind can match. */
function fits(shape: Shape, { protocol, port }: Point): boolean {
  if (!hasProtocol(shape, protocol)) return false;
  if (shape.ports === undefined) return true;
  return port !== undefined && shape.ports.some(({ first, last }) => first <= port && port <= last);
}

function hasProtocol({ protocol: wanted, notProtocol: unwanted }: Shape, protocol: number): boolean {
  return (wanted === undefined || wanted === protocol) && unwanted !== protocol;
}

/** The least rank at or behind the one asked for, in any of the ascending lists; infinite when there is none. */
function createMerge(...lists: readonly (readonly number[])[]): (from: number) => number {
  const at = lists.map(() => 0);
  return (from) => {
    let least = Number.POSITIVE_INFINITY;
    lists.forEach((list, i) => {
      let here = at[i] as number;
      while (here < list.length && (list[here] as number) < from) here++;
      at[i] = here;
      if (here < list.length) least = Math.min(least, list[here] as number);
    });
    return least;
  };
}

/** What the ranges cover, cut wherever one of them begins or ends, and at `cuts` (first ports of what follows a cut). */
function split(ranges: readonly PortRange[], cuts: readonly number[]): PortRange[] {
  const change = new Map<number, number>();
  const add = (at: number, by: number) => change.set(at, (change.get(at) ?? 0) + by);
  for (const { first, last } of ranges) {
    add(first, 1);
    add(last + 1, -1);
  }
  for (const cut of cuts) add(cut, 0);
  const segments: PortRange[] = [];
  let depth = 0;
  let first = 0;
  for (const [at, by] of [...change].sort(([a], [b]) => a - b)) {
    if (depth > 0) segments.push({ first, last: at - 1 });
    first = at;
    depth += by;
  }
  return segments;
}

/** Where default segments begin and end within the ranges. */
function splitters(segments: readonly PortRange[], ranges: readonly PortRange[]): number[] {
  const cuts = new Set<number>();
  for (const { first, last } of ranges) {
    if (first === last) continue;
    for (const segment of segments) {
      if (segment.last < first || segment.first > last) continue;
      if (segment.first > first) cuts.add(segment.first);
      if (segment.last < last) cuts.add(segment.last + 1);
    }
  }
  return [...cuts];
}

function pushTo(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function ascending(a: number, b: number): number {
  return a - b;
}
