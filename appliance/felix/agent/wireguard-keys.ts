/** Publishes the public keys of this host's WireGuard devices in the status of its Node. I/O through the store. */
import { createResources } from '../../datastore/resources.ts';
import type { Store } from '../../datastore/store.ts';
import { hasCode } from '../../lib/errors.ts';
import type { Logger } from '../../lib/log.ts';
import { storePrefix } from '../../resources/key.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { createKeeper, type Keeper } from './keeper.ts';

export interface WireguardKeyOptions {
  readonly store: Store;
  readonly nodename: string;
  readonly stamps: Parameters<typeof createResources>[1];
  readonly mayWrite: () => boolean;
  readonly log: Logger;
}

export interface WireguardKeys extends Keeper {
  /** The key of a device; empty when there is none. */
  set(family: 4 | 6, publicKey: string): void;
  /** A key of the store has changed. */
  notice(key: string): void;
}

const fields = { 4: 'wireguardPublicKey', 6: 'wireguardPublicKeyV6' } as const;

export function keepWireguardKeys(options: WireguardKeyOptions): WireguardKeys {
  const { store, nodename, stamps, mayWrite, log } = options;
  const ref = { kind: kindOf('Node')!, namespace: '', name: nodename };
  const nodeKey = `${storePrefix(ref.kind)}${nodename}`;
  const keys = new Map<4 | 6, string>();
  const keeper = createKeeper({ settle, what: 'WireGuard keys', log });
  return {
    ...keeper,
    set(family, publicKey) {
      if (keys.get(family) === publicKey) return;
      keys.set(family, publicKey);
      keeper.wake();
    },
    notice(key) {
      if (key === nodeKey && keys.size > 0) keeper.wake();
    },
  };

  async function settle(): Promise<string | undefined> {
    if (!mayWrite()) return 'the store is locked';
    const resources = createResources(store, stamps);
    const node = await resources.get(ref).catch((error: unknown) => {
      if (hasCode(error, 'RESOURCE_NOT_FOUND')) return undefined;
      throw error;
    });
    if (node === undefined || isPublished(node.resource)) return undefined;
    await resources.modify(ref, withKeys, { isSystem: true });
    log.info({ keys: Object.fromEntries(keys) }, 'WireGuard keys are published');
    return undefined;
  }

  function isPublished(node: Resource): boolean {
    const status = (node.status ?? {}) as Readonly<Record<string, unknown>>;
    return [...keys].every(([family, key]) => (status[fields[family]] ?? '') === key);
  }

  function withKeys(node: Resource): Resource {
    const status: Record<string, unknown> = { ...(node.status as object | undefined) };
    for (const [family, key] of keys) {
      if (key === '') delete status[fields[family]];
      else status[fields[family]] = key;
    }
    return { ...node, status };
  }
}
