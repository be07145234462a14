/** Which interface goes to which list chain in each dispatch map, and what the kernel has of that. Pure. */
import type { NftElement, NftOperation } from '../../../kernel/kernel.ts';
import type { InterfaceMap } from '../../render/dispatch.ts';
import { dispatchMaps } from '../../render/dispatch.ts';
import { interfaceKey } from '../../render/match.ts';

interface DispatchTable {
  readonly entries: Map<string, string>;
  readonly written: Map<string, string>;
  readonly touched: Set<string>;
}

export class DispatchStore {
  readonly #tables = new Map<InterfaceMap, DispatchTable>(
    dispatchMaps.map((map) => [map, { entries: new Map(), written: new Map(), touched: new Set() }]),
  );

  /** `list` undefined takes the entry away. */
  set(map: InterfaceMap, interfaceName: string, list: string | undefined): void {
    const { entries, touched } = this.#tables.get(map) as DispatchTable;
    if (entries.get(interfaceName) === list) return;
    if (list === undefined) entries.delete(interfaceName);
    else entries.set(interfaceName, list);
    touched.add(interfaceName);
  }

  filledMaps(): Set<InterfaceMap> {
    return new Set([...this.#tables].filter(([, { entries }]) => entries.size > 0).map(([map]) => map));
  }

  /** What goes or gets another value, then what comes: in one transaction an interface is never without its chain. */
  operations(table: string): NftOperation[] {
    const removals: NftOperation[] = [];
    const additions: NftOperation[] = [];
    for (const [set, { entries, written, touched }] of this.#tables) {
      const changed = [...touched].filter((name) => entries.get(name) !== written.get(name));
      const goes = elementsOf(changed, written);
      const comes = elementsOf(changed, entries);
      if (goes.length > 0) removals.push({ type: 'delete-elements', table, set, elements: goes });
      if (comes.length > 0) additions.push({ type: 'add-elements', table, set, elements: comes });
    }
    return [...removals, ...additions];
  }

  /** All elements that the kernel is to have of a map. */
  elements(map: string): NftElement[] | undefined {
    const entries = this.#tables.get(map as InterfaceMap)?.entries;
    return entries && elementsOf(entries.keys(), entries);
  }

  /** All elements that the kernel has of a map, as far as we know. */
  writtenElements(map: InterfaceMap): NftElement[] {
    const { written } = this.#tables.get(map) as DispatchTable;
    return elementsOf(written.keys(), written);
  }

  commit(): void {
    for (const { entries, written, touched } of this.#tables.values()) {
      for (const name of touched) {
        const list = entries.get(name);
        if (list === undefined) written.delete(name);
        else written.set(name, list);
      }
      touched.clear();
    }
  }

  forgetWritten(): void {
    for (const { entries, written, touched } of this.#tables.values()) {
      written.clear();
      touched.clear();
      for (const name of entries.keys()) touched.add(name);
    }
  }
}

function elementsOf(names: Iterable<string>, lists: ReadonlyMap<string, string>): NftElement[] {
  const elements: NftElement[] = [];
  for (const name of names) {
    const chain = lists.get(name);
    if (chain !== undefined) elements.push({ key: interfaceKey(name), verdict: { code: 'goto', chain } });
  }
  return elements;
}
