/**
 * Everything the agent keeps in the store for its own Node: its addresses and interfaces, tunnel addresses, WireGuard keys, automatic host endpoints. I/O
 * through the store. Each part settles by itself and is tried again by itself; none is waited for on the way to the kernel.
 */
import { createResources } from '../../datastore/resources.ts';
import type { Update } from '../../datastore/syncer.ts';
import { createHostEndpointController } from '../../hostendpoints/controller.ts';
import type { FelixConfig } from '../model/config.ts';
import { isWorkloadLink } from '../model/workload-link.ts';
import type { AgentOptions } from './agent-options.ts';
import { keepAddresses, keepRegistering } from './registration.ts';
import { keepTunnelAddresses } from './tunnel-addresses.ts';
import { keepWireguardKeys } from './wireguard-keys.ts';

export interface OwnNodeOptions extends AgentOptions {
  readonly mayWrite: () => boolean;
  readonly config: () => FelixConfig;
}

export interface OwnNode {
  onUpdates(updates: readonly Update[]): void;
  /** Everything that is stored has been told. */
  onInSync(): void;
  /** The key of a device; empty when there is none. */
  setWireguardKey(family: 4 | 6, publicKey: string): void;
  /** Begins to register the Node and to keep its addresses. */
  open(): void;
  close(): Promise<void>;
}

export function keepOwnNode(options: OwnNodeOptions): OwnNode {
  const { nodename, store, stamps, mayWrite, config } = options;
  const logFor = (component: string) => options.log.child({ component });
  const abort = new AbortController();
  const wireguardKeys = keepWireguardKeys({ ...options, log: logFor('wireguard') });
  const tunnelAddresses = keepTunnelAddresses({
    ...options,
    isHostEncrypted: () => config().isWireguardHostEncryptionEnabled,
    log: logFor('tunnel-addresses'),
  });
  /** A host that only enforces policy has no tunnels. */
  const hasTunnels = options.environment.CALICO_NETWORKING_BACKEND !== 'none';
  const resources = createResources(store, stamps);
  const hostEndpoints = createHostEndpointController({ nodename, resources, mayWrite, log: logFor('hostendpoints') });
  let registration: Promise<unknown> | undefined;
  return {
    onUpdates(updates) {
      hostEndpoints.onUpdates(updates);
      for (const { key } of updates) {
        if (hasTunnels) tunnelAddresses.notice(key);
        wireguardKeys.notice(key);
      }
    },
    onInSync() {
      if (hasTunnels) tunnelAddresses.wake();
      hostEndpoints.onInSync();
    },
    setWireguardKey: (family, publicKey) => wireguardKeys.set(family, publicKey),
    open() {
      const isWorkload = (name: string) => isWorkloadLink(name, config());
      const registering = { ...options, isWorkload, log: logFor('registration') };
      registration = keepRegistering(registering, abort.signal).then(() => keepAddresses(registering, abort.signal));
    },
    async close() {
      abort.abort();
      await Promise.allSettled([tunnelAddresses.close(), wireguardKeys.close(), hostEndpoints.close(), registration]);
    },
  };
}
