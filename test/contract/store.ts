/**
 * The contract every store backend passes: each sentence of `appliance/datastore/store.ts` as a test. Backends hand in a factory.
 * Tests use keys of their own and compare revisions only with each other, so a shared server will do.
 */
import type { TestFn } from 'ava';
import { compactionContract } from './store/compaction.ts';
import { durabilityContract } from './store/durability.ts';
import { keyContract } from './store/keys.ts';
import { leaseContract } from './store/leases.ts';
import { maintenanceContract } from './store/maintenance.ts';
import { randomContract } from './store/random.ts';
import { rangeContract } from './store/ranges.ts';
import type { StoreFactory } from './store/scope.ts';
import { txnContract } from './store/txns.ts';
import { watchContract } from './store/watches.ts';

/** Registers the contract's tests for one backend; `name` begins each title. */
export function storeContract(test: TestFn, name: string, factory: StoreFactory): void {
  const areas = [
    keyContract,
    rangeContract,
    txnContract,
    watchContract,
    leaseContract,
    compactionContract,
    maintenanceContract,
    durabilityContract,
    randomContract,
  ];
  for (const area of areas) area(test, name, factory);
}
