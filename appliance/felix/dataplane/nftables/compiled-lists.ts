/**
 * Lists of endpoints, compiled: keeps each list's tables equal to its policies and to the classes of addresses, and says by which chain an
 * interface is answered. Pure. A change touches the classes that its rules speak of, and of them the cells that differ.
 * A list whose tables would be too large, or that is switched off, is a linear list.
 */

import { printPolicyId } from '../../model/policy.ts';
import type { ListChain } from '../../render/chain-spec.ts';
import { Decisions } from '../../render/compiled/decision.ts';
import type { Entry, EntryList, EntryMaker } from '../../render/compiled/entry.ts';
import { listMap, listNumber } from '../../render/compiled/layout.ts';
import { ListProgram } from '../../render/compiled/list-program.ts';
import { idsOf, isOfBothFamilies, type Shape, type ShapeContext, shapeOf } from '../../render/compiled/shape.ts';
import { stageChain } from '../../render/compiled/stage-chain.ts';
import type { DispatchMap } from '../../render/dispatch.ts';
import type { Family } from '../../render/match.ts';
import { interfaceKey } from '../../render/match.ts';
import type { StageKind } from '../../render/stage.ts';
import { stageTraits } from '../../render/stage.ts';
import { MultiMap } from '../multi-map.ts';
import { textOf } from './byte-text.ts';
import type { ChainStore } from './chain-store.ts';
import type { AddressClass, ClassChange, ClassIndex } from './class-index.ts';
import type { Counted } from './counted.ts';
import type { DispatchStore } from './dispatch-store.ts';
import type { MapStore } from './map-store.ts';
import { ProgramStore, type SharedProgram } from './program-store.ts';
import type { Work } from './work.ts';

export interface CompiledListsParts {
  readonly chains: ChainStore;
  readonly maps: MapStore;
  readonly classes: ClassIndex;
  readonly counters: Counted;
  readonly dispatch: DispatchStore;
  /** False for IP sets with too many CIDRs to tell classes apart. */
  readonly isCriterion: (setId: string) => boolean;
  /** Nothing is compiled. */
  readonly isOff: boolean;
  /** Cells of one list beyond which it stays linear; for tests. */
  readonly costMax?: number | undefined;
}

/** A list may cost so many cells, and so many more for each of its rules. */
const costBase = 20_000;
const costPerEntry = 8;
/** Chains that branches may lead into one another: the kernel follows sixteen levels, and the way here takes seven. */
const branchesMax = 6;

const families: readonly Family[] = [4, 6];

interface FamilyState {
  readonly program: ListProgram;
  readonly decisions: Decisions;
  /** Of the classes that meet any of its criteria. */
  readonly costs: Map<AddressClass, number>;
  readonly programs: Map<AddressClass, SharedProgram>;
  cost: number;
}

interface ListState {
  readonly spec: ListChain;
  /** Which interfaces it answers, by map. */
  readonly interfaces: Map<DispatchMap, Set<string>>;
  placement: 'none' | 'linear' | 'compiled';
  entries: EntryList | undefined;
  readonly families: Partial<Record<Family, FamilyState>>;
}

/** Classes whose tables may have changed; all of them, and the default table, when a rule for every peer did. */
type Touched = Record<Family, Set<AddressClass> | 'all'>;

export class CompiledLists {
  readonly #parts: CompiledListsParts;
  readonly #lists = new Map<string, ListState>();
  /** `map interface` -> list. */
  readonly #assigned = new Map<string, ListState>();
  readonly #stale = new Set<string>();
  readonly #listsOfPolicy = new MultiMap();
  readonly #listsOfProfile = new MultiMap();
  /** In either family. */
  readonly #listsOfCriterion = new MultiMap();
  readonly #stores = new Map<string, ProgramStore>();
  #shapes = new ShapeCache();
  #areShapesNew = false;

  constructor(parts: CompiledListsParts) {
    this.#parts = parts;
  }

  /** True when the list is looked after here: others are chains as ever. */
  takes(list: ListChain): boolean {
    return !this.#parts.isOff && !list.isAdminDown;
  }

  /** From now on this list answers for the interface; undefined for none of ours. The dispatch hears of it when the list has its form. */
  assign(map: DispatchMap, interfaceName: string, list: ListChain | undefined): void {
    const key = `${map} ${interfaceName}`;
    const before = this.#assigned.get(key);
    if (before?.spec.name === list?.name) return;
    if (list === undefined) this.#assigned.delete(key);
    else {
      const state = this.#open(list);
      this.#assigned.set(key, state);
      const names = state.interfaces.get(map);
      if (names === undefined) state.interfaces.set(map, new Set([interfaceName]));
      else names.add(interfaceName);
      this.#route(state, map, interfaceName);
    }
    if (before === undefined) return;
    const names = before.interfaces.get(map) as Set<string>;
    names.delete(interfaceName);
    if (names.size === 0) before.interfaces.delete(map);
    if (before.interfaces.size === 0) this.#stale.add(before.spec.name);
    if (list === undefined)
      this.#parts.maps.set(listMap(before.spec.kind), textOf(interfaceKey(interfaceName)), undefined);
  }

  markPolicy(policy: string): void {
    for (const name of this.#listsOfPolicy.get(policy)) this.#stale.add(name);
  }

  markProfile(profile: string): void {
    for (const name of this.#listsOfProfile.get(profile)) this.#stale.add(name);
  }

  /** The configuration changed, or what an IP set can be used for. */
  markAll(): void {
    this.#shapes = new ShapeCache();
    this.#areShapesNew = true;
    for (const name of this.#lists.keys()) this.#stale.add(name);
  }

  *settle(maker: EntryMaker): Work {
    const touched = new Map<ListState, Touched>();
    const gone: ListState[] = [];
    for (const name of this.#stale) {
      const state = this.#lists.get(name);
      if (state === undefined) continue;
      if (state.interfaces.size > 0) touched.set(state, this.#renew(state, maker));
      else {
        gone.push(state);
        this.#leave(state);
      }
      yield;
    }
    this.#stale.clear();
    this.#areShapesNew = false;
    yield* this.#takeClasses(yield* this.#parts.classes.settle(), touched);
    for (const [state, classes] of touched) {
      yield* this.#recost(state, classes);
      yield* this.#place(state, classes);
    }
    // Last, so that what others need as well stays.
    for (const state of gone) yield* this.#move(state, 'none');
  }

  #open(list: ListChain): ListState {
    const known = this.#lists.get(list.name);
    if (known !== undefined) return known;
    const state: ListState = {
      spec: list,
      interfaces: new Map(),
      placement: 'none',
      entries: undefined,
      families: {},
    };
    this.#lists.set(list.name, state);
    this.#index(list, true);
    this.#stale.add(list.name);
    return state;
  }

  /** Entries and criteria of now. */
  #renew(state: ListState, maker: EntryMaker): Touched {
    const before = state.entries;
    const now = maker.list(state.spec);
    state.entries = now;
    const { gone, come } = difference(before?.entries ?? [], now.entries);
    this.#count(come, gone);
    const changed = before === undefined || this.#areShapesNew ? undefined : [...gone, ...come];
    const touched: Touched = { 4: new Set(), 6: new Set() };
    for (const family of families) {
      touched[family] = changed === undefined ? 'all' : this.#touchedBy(state.spec, family, changed);
      this.#renewFamily(state, family, now, touched[family]);
    }
    return touched;
  }

  /** Counters that go on under another entry are acquired first. */
  #count(come: Iterable<Entry>, gone: Iterable<Entry>): void {
    const { counters } = this.#parts;
    for (const { counter } of come) if (counter !== undefined) counters.acquire(counter);
    for (const { counter } of gone) if (counter !== undefined) counters.release(counter);
  }

  #shapeOf({ kind }: ListChain, family: Family, entry: Entry): Shape | undefined {
    const peer = stageTraits[kind].direction === 'ingress' ? 'src' : 'dst';
    return this.#shapes.of(entry, { family, peer, isCriterion: this.#parts.isCriterion });
  }

  #touchedBy(spec: ListChain, family: Family, changed: readonly Entry[]): Set<AddressClass> | 'all' {
    const found = new Set<AddressClass>();
    for (const entry of changed) {
      const shape = this.#shapeOf(spec, family, entry);
      if (shape === undefined) continue;
      if (shape.all.length === 0) return 'all';
      for (const id of idsOf(shape)) addAll(found, this.#parts.classes.classesOf(family, id));
    }
    return found;
  }

  /** Criteria that are new or gone touch their classes, those that live now at least; who is born or dies is heard of later. */
  #renewFamily(state: ListState, family: Family, entries: EntryList, touched: Set<AddressClass> | 'all'): void {
    const { classes } = this.#parts;
    const known = state.families[family];
    const decisions = known === undefined || isOvergrown(known) ? new Decisions() : known.decisions;
    const shapes = entries.entries.map((entry) => this.#shapeOf(state.spec, family, entry));
    // Most lists say the same of both families, and one program speaks for both.
    const other = family === 6 ? state.families[4]?.program : undefined;
    const program = other?.hasShapes(shapes) ? other : new ListProgram(entries, shapes, decisions);
    for (const id of program.criteria()) {
      if (known?.program.hasCriterion(id)) continue;
      classes.acquire(program.criterion(id));
      this.#listsOfCriterion.add(id, state.spec.name);
      if (touched !== 'all') addAll(touched, classes.classesOf(family, id));
    }
    const otherNow = state.families[family === 4 ? 6 : 4]?.program;
    for (const id of known?.program.criteria() ?? []) {
      if (program.hasCriterion(id)) continue;
      if (touched !== 'all') addAll(touched, classes.classesOf(family, id));
      classes.release(id);
      if (!otherNow?.hasCriterion(id)) this.#listsOfCriterion.delete(id, state.spec.name);
    }
    const of = known ?? { cost: 0, costs: new Map(), programs: new Map() };
    state.families[family] = { ...of, program, decisions };
  }

  *#takeClasses(changes: readonly ClassChange[], touched: Map<ListState, Touched>): Work {
    for (const { family, of } of changes) {
      yield;
      for (const id of of.ids) {
        for (const name of this.#listsOfCriterion.get(id)) {
          const state = this.#lists.get(name) as ListState;
          let classes = touched.get(state);
          if (classes === undefined) {
            classes = { 4: new Set(), 6: new Set() };
            touched.set(state, classes);
          }
          const those = classes[family];
          if (those !== 'all') those.add(of);
        }
      }
    }
  }

  *#recost({ families: states }: ListState, touched: Touched): Work {
    for (const family of families) {
      const of = states[family] as FamilyState;
      const classes = touched[family];
      const those = classes === 'all' ? [...this.#relevant(of.program, family), ...of.costs.keys()] : classes;
      for (const it of new Set(those)) {
        this.#cost(of, it, family);
        yield;
      }
    }
  }

  #cost(of: FamilyState, it: AddressClass, family: Family): void {
    of.cost -= of.costs.get(it) ?? 0;
    if (it.live[family] === 0 || !it.ids.some((id) => of.program.hasCriterion(id))) {
      of.costs.delete(it);
      return;
    }
    const cost = 1 + of.program.costOf(it.ids);
    of.costs.set(it, cost);
    of.cost += cost;
  }

  #relevant(program: ListProgram, family: Family): Set<AddressClass> {
    const found = new Set<AddressClass>();
    for (const id of program.criteria()) addAll(found, this.#parts.classes.classesOf(family, id));
    return found;
  }

  /** Brings the list into the form it is to have, and its tables up to date. */
  *#place(state: ListState, touched: Touched): Work {
    const { spec } = state;
    const placement = this.#isCompilable(state) ? 'compiled' : 'linear';
    const isMoved = placement !== state.placement;
    if (isMoved) yield* this.#move(state, placement);
    if (placement === 'linear') return;
    for (const family of families) {
      const of = state.families[family] as FamilyState;
      const classes = isMoved ? 'all' : touched[family];
      if (classes === 'all') this.#store(spec.kind, family).setDefault(spec.name, of.program.default);
      for (const it of classes === 'all' ? new Set([...of.costs.keys(), ...of.programs.keys()]) : classes) {
        this.#setProgram(state, family, it);
        yield;
      }
    }
  }

  #setProgram({ spec, families: states }: ListState, family: Family, it: AddressClass): void {
    const of = states[family] as FamilyState;
    const store = this.#store(spec.kind, family);
    const before = of.programs.get(it);
    const now = of.costs.has(it) ? store.acquire(of.program.programOf(it.ids)) : undefined;
    if (now === undefined) of.programs.delete(it);
    else of.programs.set(it, now);
    if (now !== before) store.setProgram(spec.name, it.number, now);
    if (before !== undefined) store.release(before);
  }

  #isCompilable({ entries, families: states }: ListState): boolean {
    const { costMax = costBase + costPerEntry * (entries?.entries.length ?? 0) } = this.#parts;
    return families.every((family) => {
      const { cost, program } = states[family] as FamilyState;
      return cost + program.defaultCost <= costMax && program.branches <= branchesMax;
    });
  }

  *#move(state: ListState, placement: ListState['placement']): Work {
    const { chains } = this.#parts;
    const { spec, placement: before } = state;
    const start = stageChain(spec.kind);
    if (placement === 'compiled') chains.acquire(start);
    if (placement === 'linear') chains.acquire(spec);
    state.placement = placement;
    for (const [map, names] of state.interfaces) for (const name of names) this.#route(state, map, name);
    if (before === 'compiled') {
      yield* this.#clear(state);
      chains.release(start.name);
    }
    if (before === 'linear') chains.release(spec.name);
  }

  *#clear({ spec, families: states }: ListState): Work {
    for (const family of families) {
      const store = this.#store(spec.kind, family);
      const { programs } = states[family] as FamilyState;
      for (const [it, program] of programs) {
        store.setProgram(spec.name, it.number, undefined);
        store.release(program);
        yield;
      }
      programs.clear();
      store.setDefault(spec.name, undefined);
    }
  }

  /** Nobody needs the list: it asks for nothing any more. */
  #leave(state: ListState): void {
    const { spec } = state;
    for (const family of families) {
      for (const id of state.families[family]?.program.criteria() ?? []) {
        this.#parts.classes.release(id);
        this.#listsOfCriterion.delete(id, spec.name);
      }
    }
    this.#count([], new Set(state.entries?.entries));
    this.#index(spec, false);
    this.#lists.delete(spec.name);
  }

  #index(list: ListChain, isAdded: boolean): void {
    const put = (index: MultiMap, key: string) => (isAdded ? index.add(key, list.name) : index.delete(key, list.name));
    for (const tier of list.tiers) for (const { id } of tier.policies) put(this.#listsOfPolicy, printPolicyId(id));
    for (const { profile } of list.profiles) put(this.#listsOfProfile, profile);
  }

  #route({ spec, placement }: ListState, map: DispatchMap, interfaceName: string): void {
    if (placement === 'none') return;
    const isCompiled = placement === 'compiled';
    const { dispatch, maps } = this.#parts;
    dispatch.set(map, interfaceName, isCompiled ? stageChain(spec.kind).name : spec.name);
    const number = isCompiled ? textOf(listNumber(spec.name)) : undefined;
    maps.set(listMap(spec.kind), textOf(interfaceKey(interfaceName)), number);
  }

  #store(kind: StageKind, family: Family): ProgramStore {
    const key = `${kind} ${family}`;
    let store = this.#stores.get(key);
    if (store === undefined) {
      store = new ProgramStore({ kind, family, maps: this.#parts.maps, chains: this.#parts.chains });
      this.#stores.set(key, store);
    }
    return store;
  }
}

/** Shapes of entries, made once; of a rule that says nothing of families, once for both. */
class ShapeCache {
  readonly #known = { src: new ShapesBySide(), dst: new ShapesBySide() } as const;

  of(entry: Entry, context: ShapeContext): Shape | undefined {
    return this.#known[context.peer].of(entry, context);
  }
}

class ShapesBySide {
  readonly #known = { 4: new WeakMap<Entry, Shape | typeof never>(), 6: new WeakMap<Entry, Shape | typeof never>() };

  of(entry: Entry, context: ShapeContext): Shape | undefined {
    const known = this.#known[isOfBothFamilies(entry.rule) ? 4 : context.family];
    let shape = known.get(entry);
    if (shape === undefined) {
      shape = shapeOf(entry, context) ?? never;
      known.set(entry, shape);
    }
    return shape === never ? undefined : (shape as Shape);
  }
}

/** Stands for the shape of an entry that nothing matches. */
const never = {} as const;

/** Most of its decisions are of the past. */
function isOvergrown({ decisions, programs, program }: FamilyState): boolean {
  return decisions.size > 1_000 + 4 * (programs.size + program.list.entries.length);
}

/** What is in one of them only, each entry once. */
function difference(before: readonly Entry[], now: readonly Entry[]): Record<'gone' | 'come', Set<Entry>> {
  const [old, fresh] = [new Set(before), new Set(now)];
  return { gone: old.difference(fresh), come: fresh.difference(old) };
}

function addAll<Item>(to: Set<Item>, items: Iterable<Item>): void {
  for (const item of items) to.add(item);
}
