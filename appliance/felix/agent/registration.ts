/**
 * Prepares the store for this host, once, as soon as the store lets us: what every Calico store holds, then this host's Node. I/O through the store.
 * A store that is away or locked only makes it later. Source: node start-up, ensure-initialized.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureInitialized } from '../../datastore/effects/ensure-initialized.ts';
import { createResources, type Resources } from '../../datastore/resources.ts';
import type { Store } from '../../datastore/store.ts';
import type { Logger } from '../../lib/log.ts';
import { kindOf } from '../../resources/registry.ts';
import { type HostAddress, wantedAddresses } from './detect-address.ts';
import { registerNode, warnOfConflicts } from './register-node.ts';

export interface KeepRegisteringOptions {
  readonly store: Store;
  readonly nodename: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostAddresses: () => readonly HostAddress[];
  readonly stamps: Parameters<typeof createResources>[1];
  readonly retryMs?: number;
  readonly log: Logger;
}

const RETRY_MS = 1_000;

/** Tries until it is done or the signal ends it; never rejects. Each new reason for waiting is logged once. */
export async function keepRegistering(options: KeepRegisteringOptions, signal: AbortSignal): Promise<void> {
  const { retryMs = RETRY_MS, log } = options;
  let lastReason = '';
  while (!signal.aborted) {
    const reason = await attempt(options).catch((error: unknown) => String(error));
    if (reason === undefined) return;
    if (reason !== lastReason) log.warn({ reason }, 'not registered yet, trying again');
    lastReason = reason;
    await sleep(retryMs, undefined, { signal }).catch(() => undefined);
  }
}

/** Why it could not be done; undefined when it is. */
async function attempt(options: KeepRegisteringOptions): Promise<string | undefined> {
  const { environment, nodename, hostAddresses, stamps, log } = options;
  const resources = createResources(options.store, stamps);
  await ensureInitialized(resources, stamps.uuid().replaceAll('-', ''));
  if (!(await isReady(resources))) return 'the store is locked';
  await registerNode({ resources, nodename, wanted: wantedAddresses(environment), hostAddresses, log });
  if (environment.DISABLE_NODE_IP_CHECK !== 'true') await warnOfConflicts(resources, nodename, log);
  return undefined;
}

async function isReady(resources: Resources): Promise<boolean> {
  const { resource } = await resources.get({ kind: kindOf('ClusterInformation')!, namespace: '', name: 'default' });
  return resource.spec.datastoreReady === true;
}
