/** nf_tables in memory: transactions that are taken whole or not at all, and the same dumps as the real one gives. */
import { deserialize, serialize } from 'node:v8';
import { kernelErrors } from '../errors.ts';
import type {
  Nft,
  NftChange,
  NftElement,
  NftKeys,
  NftOperation,
  NftRefusal,
  NftResult,
  NftTableDump,
} from '../kernel.ts';
import { encodeExpressions } from '../netlink/expressions.ts';
import { refuseNames } from '../netlink/nft-batch.ts';
import { GenerationFollower } from '../netlink/nft-generation.ts';
import { SET_FLAG } from '../netlink/nft-numbers.ts';
import { KeyPacker } from '../nft-keys.ts';
import { addChain, addRule, deleteChain, deleteRule, flushChain, isTooDeep, isUsed } from './nft-rules.ts';
import { addElements, addSet, deleteElements, deleteSet } from './nft-sets.ts';
import { copyTable, emptyTable, type FakeSet, type FakeTable } from './nft-state.ts';

export class FakeNft implements Nft {
  #tables = new Map<string, FakeTable>();
  #handle = 0n;
  #generation = 1;
  readonly #followers = new Set<{ readonly table: string; readonly onChange: (change: NftChange) => void }>();

  /** As somebody else: the followers of these tables hear of it, later. */
  async applyAsOther(operations: readonly NftOperation[]): Promise<NftResult> {
    const result = this.#apply(operations);
    if (!result.ok) return result;
    const tables = new Set(operations.map(({ table }) => table));
    for (const follower of this.#followers) {
      queueMicrotask(() => {
        if (this.#followers.has(follower) && tables.has(follower.table)) {
          follower.onChange({ type: 'changed', by: 'nft (pid 1)' });
        }
      });
    }
    return result;
  }

  follow(table: string, onChange: (change: NftChange) => void) {
    const follower = { table, onChange };
    this.#followers.add(follower);
    return { close: () => void this.#followers.delete(follower) };
  }

  followGeneration(commits: () => number | undefined, onChange: () => void) {
    return new GenerationFollower({ read: () => Promise.resolve(this.#generation), commits, onChange });
  }

  apply(operations: readonly NftOperation[]): Promise<NftResult> {
    return Promise.resolve(this.#apply(operations));
  }

  #apply(operations: readonly NftOperation[]): NftResult {
    const badNames = refuseNames(operations);
    if (badNames.length > 0) return { ok: false, refusals: badNames };
    // As the real one does: depth is checked once at the end, and only to find the culprit after each operation.
    const draft = this.#draft(operations);
    const result = this.#applyTo(draft, operations, false);
    if (result.ok && [...draft.values()].some(isTooDeep))
      return this.#applyTo(this.#draft(operations), operations, true);
    if (!result.ok) return result;
    this.#tables = draft;
    this.#generation++;
    return result;
  }

  #draft(operations: readonly NftOperation[]): Map<string, FakeTable> {
    const touched = new Set(operations.map(({ table }) => table));
    return new Map([...this.#tables].map(([name, table]) => [name, touched.has(name) ? copyTable(table) : table]));
  }

  #applyTo(draft: Map<string, FakeTable>, operations: readonly NftOperation[], checksDepth: boolean): NftResult {
    const handles = new Map<number, bigint>();
    const refusals: NftRefusal[] = [];
    operations.forEach((operation, index) => {
      let outcome = this.#applyOne(draft, operation);
      const table = draft.get(operation.table);
      if (checksDepth && table !== undefined && isTooDeep(table)) outcome = 'EMLINK';
      if (typeof outcome === 'bigint') handles.set(index, outcome);
      if (typeof outcome === 'string') refusals.push({ index, code: outcome, message: outcome });
    });
    if (refusals.length > 0) return { ok: false, refusals };
    return { ok: true, handles, bytes: 0, messages: operations.length, kernelMs: 0 };
  }

  /** Undefined when taken, a new rule's handle, or the code of the refusal. */
  #applyOne(tables: Map<string, FakeTable>, operation: NftOperation): undefined | bigint | string {
    if (operation.type === 'add-table') {
      if (!tables.has(operation.table)) tables.set(operation.table, emptyTable());
      return undefined;
    }
    const table = tables.get(operation.table);
    if (table === undefined) return 'ENOENT';
    if (operation.type === 'delete-table') {
      tables.delete(operation.table);
      return undefined;
    }
    if (operation.type === 'add-rule') return addRule(table, operation, ++this.#handle);
    const apply = APPLY[operation.type] as (table: FakeTable, operation: NftOperation) => string | undefined;
    return apply(table, operation);
  }

  dumpTable(name: string): Promise<NftTableDump | undefined> {
    const table = this.#tables.get(name);
    return Promise.resolve(table && dump(table));
  }

  async dumpElements(table: string, set: string): Promise<readonly NftElement[]> {
    const found = this.#tables.get(table)?.sets.get(set);
    if (found === undefined) {
      throw kernelErrors.fail('KERNEL_REFUSED', 'no such set', { details: { code: 'ENOENT', message: 'no such set' } });
    }
    return [...found.elements.values()];
  }

  async dumpKeys(table: string, set: string): Promise<NftKeys> {
    const packer = new KeyPacker();
    for (const { key, isEnd } of await this.dumpElements(table, set)) packer.add(key, 0, key.length, isEnd);
    return packer;
  }

  dumpCounters(table: string): Promise<NftTableDump['counters']> {
    const found = this.#tables.get(table);
    return Promise.resolve(found === undefined ? [] : countersOf(found));
  }

  async copyTable(name: string): Promise<Uint8Array | undefined> {
    const table = this.#tables.get(name);
    if (table === undefined) return undefined;
    const counters = new Map([...table.counters.keys()].map((counter) => [counter, { packets: 0n, bytes: 0n }]));
    return serialize({ name, table: { ...copyTable(table), counters } });
  }

  async applyCopy(name: string, copy: Uint8Array): Promise<NftRefusal | undefined> {
    const found: { name: string; table: FakeTable } | undefined = readCopy(copy);
    if (found?.name !== name)
      throw kernelErrors.fail('KERNEL_REFUSED', 'no copy of it', { details: { code: 'EINVAL' } });
    if (this.#tables.has(name)) return { index: 0, code: 'EEXIST', message: 'EEXIST' };
    this.#tables.set(name, found.table);
    return undefined;
  }

  /** Counts a named counter up, as packets would. */
  count(table: string, counter: string, packets: bigint, bytes: bigint): void {
    const counters = this.#tables.get(table)?.counters;
    const there = counters?.get(counter);
    if (there !== undefined) counters?.set(counter, { packets: there.packets + packets, bytes: there.bytes + bytes });
  }
}

function readCopy(copy: Uint8Array): { name: string; table: FakeTable } | undefined {
  try {
    return deserialize(copy) as { name: string; table: FakeTable };
  } catch {
    // any other bytes: what the real one calls a foreign message
    return undefined;
  }
}

type Other = Exclude<NftOperation['type'], 'add-table' | 'delete-table' | 'add-rule'>;
type Apply = {
  [Type in Other]: (table: FakeTable, operation: Extract<NftOperation, { type: Type }>) => string | undefined;
};

const APPLY: Apply = {
  'add-chain': addChain,
  'delete-chain': deleteChain,
  'flush-chain': flushChain,
  'delete-rule': deleteRule,
  'add-set': addSet,
  'delete-set': deleteSet,
  'add-elements': addElements,
  'delete-elements': deleteElements,
  'add-counter'(table, { counter, packets = 0n, bytes = 0n }) {
    if (!table.counters.has(counter)) table.counters.set(counter, { packets, bytes });
    return undefined;
  },
  'delete-counter'(table, { counter }) {
    if (isUsed(table, 'counter-ref', counter)) return 'EBUSY';
    return table.counters.delete(counter) ? undefined : 'ENOENT';
  },
};

function dump(table: FakeTable): NftTableDump {
  return {
    isDormant: false,
    chains: [...table.chains].map(([name, { base }]) =>
      base === undefined ? { name } : { name, base: { ...base, doesDrop: false } },
    ),
    rules: [...table.chains].flatMap(([chain, { rules }]) =>
      rules.map(({ handle, expressions, comment }) => ({
        chain,
        handle,
        ...(comment === undefined ? {} : { comment }),
        expressions: encodeExpressions(expressions),
      })),
    ),
    sets: [...table.sets].map(([name, set]) => ({ name, keyLength: set.definition.keyLength, flags: flagsOf(set) })),
    counters: countersOf(table),
  };
}

function countersOf(table: FakeTable): NftTableDump['counters'] {
  return [...table.counters].map(([name, values]) => ({ name, ...values }));
}

function flagsOf({ definition: { isInterval, data, fields } }: FakeSet): number {
  return (
    (isInterval ? SET_FLAG.interval : 0) |
    (data === undefined ? 0 : SET_FLAG.map) |
    (fields === undefined ? 0 : SET_FLAG.concat)
  );
}
