/**
 * Keeps this host's tunnel addresses: claims one from IPAM for each tunnel that a pool asks for, writes it to the Node, and gives it back when it is
 * needed no more or its pool has changed. I/O through the store. Source: node start-up, tunnel addresses.
 */
import { itemOf } from '../../datastore/resources/reader.ts';
import { createResources, type Resources } from '../../datastore/resources.ts';
import type { Store } from '../../datastore/store.ts';
import { addressesOfHandle, assignAddress } from '../../ipam/assign.ts';
import { createIpam } from '../../ipam/ipam.ts';
import { isInside, rangeOfCidr } from '../../ipam/model/range.ts';
import { type Pool, poolOf, selectsNode } from '../../ipam/pool.ts';
import { hasCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { storePrefix } from '../../resources/key.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { createKeeper } from './keeper.ts';
import { planTunnels, type Tunnel, tunnels, withTunnelAddress } from './tunnel-plan.ts';

export interface TunnelAddressOptions {
  readonly store: Store;
  readonly nodename: string;
  readonly stamps: Parameters<typeof createResources>[1];
  /** The store may be written to now. */
  readonly mayWrite: () => boolean;
  readonly isHostEncrypted: () => boolean;
  readonly retryMs?: number;
  readonly log: Logger;
}

export interface TunnelAddresses {
  /** A key of the store has changed. */
  notice(key: string): void;
  /** Looks at everything anew. */
  wake(): void;
  close(): Promise<void>;
}

/** Starts with the first `wake` or notice of a pool or of this host's Node. */
export function keepTunnelAddresses(options: TunnelAddressOptions): TunnelAddresses {
  const { nodename, log, retryMs } = options;
  const nodeKey = `${storePrefix(kindOf('Node')!)}${nodename}`;
  const poolPrefix = storePrefix(kindOf('IPPool')!);
  const keeper = createKeeper({ settle: () => settle(options), what: 'tunnel addresses', retryMs, log });
  return {
    ...keeper,
    notice(key) {
      if (key === nodeKey || key.startsWith(poolPrefix)) keeper.wake();
    },
  };
}

/** Why it could not all be done; undefined when it is. */
async function settle(options: TunnelAddressOptions): Promise<string | undefined> {
  const { store, nodename, stamps, log } = options;
  if (!options.mayWrite()) return 'the store is locked';
  const resources = createResources(store, stamps);
  const node = await readNode(resources, nodename);
  if (node === undefined) return undefined;
  const pools = await readPools(resources);
  const plan = planTunnels(node, pools, options.isHostEncrypted());
  const problems: string[] = [];
  for (const tunnel of tunnels) {
    const usable = plan
      .get(tunnel)!
      .flatMap((pool) => poolOf(pool) ?? [])
      .filter((pool) => selectsNode(pool, node));
    const address = await settleOne(options, tunnel, node, usable).catch((error: unknown) => {
      problems.push(`${tunnel.type}: ${(error as Error).message}`);
      return 'unknown' as const;
    });
    if (address === 'unknown' || address === tunnel.addressOf(node)) continue;
    const ref = { kind: kindOf('Node')!, namespace: '', name: nodename };
    await resources.modify(ref, (now) => withTunnelAddress(now, tunnel, address), { isSystem: true });
    log.info({ type: tunnel.type, address: address ?? 'none' }, 'tunnel address');
  }
  return problems.length === 0 ? undefined : problems.join('; ');
}

/** The address to have; what is ours by its handle and of no use is given back. */
async function settleOne(
  { store, nodename, stamps }: TunnelAddressOptions,
  tunnel: Tunnel,
  node: Resource,
  pools: readonly Pool[],
): Promise<string | undefined> {
  const handle = tunnel.handleOf(nodename);
  const held = await addressesOfHandle(store, handle);
  const good = held.filter((address) => isOf(pools, address));
  const current = tunnel.addressOf(node);
  const kept = current !== undefined && good.includes(current) ? current : good[0];
  const given = held.filter((address) => address !== kept);
  if (given.length > 0) {
    await createIpam(store, stamps).release({ addresses: given.map((ip) => ({ ip, handle })) });
  }
  if (pools.length === 0) return undefined;
  if (kept !== undefined) return kept;
  const owner = new Map([
    ['node', nodename],
    ['type', tunnel.type],
  ]);
  return assignAddress(store, { host: nodename, handle, owner, pools }, () => stamps.now().getTime());
}

function isOf(pools: readonly Pool[], address: string): boolean {
  const range = rangeOfCidr(`${address}/${address.includes(':') ? 128 : 32}`);
  return range !== undefined && pools.some((pool) => isInside(pool.range, range));
}

async function readNode(resources: Resources, name: string): Promise<Resource | undefined> {
  try {
    return (await resources.get({ kind: kindOf('Node')!, namespace: '', name })).resource;
  } catch (error) {
    if (hasCode(error, 'RESOURCE_NOT_FOUND')) return undefined;
    throw error;
  }
}

async function readPools(resources: Resources): Promise<Resource[]> {
  const { entries } = await resources.list({ kind: kindOf('IPPool')!, namespace: '', limit: 0 });
  return entries.flatMap((entry) => itemOf(entry)?.resource ?? []);
}
