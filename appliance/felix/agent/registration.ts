/**
 * Prepares the store for this host as soon as the store lets us: what every Calico store holds, then this host's Node, whose addresses follow the
 * host's from then on. I/O through the store. A store that is away or locked only makes it later. Source: node start-up, ensure-initialized.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ensureInitialized } from '../../datastore/effects/ensure-initialized.ts';
import { createResources, type Resources } from '../../datastore/resources.ts';
import type { Store } from '../../datastore/store.ts';
import type { Logger } from '../../lib/log.ts';
import { WritePace } from '../../lib/write-pace.ts';
import { kindOf } from '../../resources/registry.ts';
import { type HostFactsParts, LinkChanges, printFacts, readHostFacts } from './host-facts.ts';
import { registerNode, warnOfConflicts } from './register-node.ts';

export interface KeepRegisteringOptions extends HostFactsParts {
  readonly store: Store;
  readonly nodename: string;
  readonly stamps: Parameters<typeof createResources>[1];
  readonly retryMs?: number;
  readonly settleMs?: number;
  readonly log: Logger;
}

const RETRY_MS = 1_000;
/** Rest after a change of a link: several come together. */
const SETTLE_MS = 300;
/** The store is written once in ten seconds, and ever more seldom while addresses do not come to rest. */
const PACE = { minMs: 10_000, maxMs: 300_000, windowMs: 600_000 };

/** What the Node was made from, and whether it had to be written. */
export interface Told {
  readonly facts: string;
  readonly isWritten: boolean;
}

/** Tries until it is done or the signal ends it, then `undefined`; never rejects. Each new reason for waiting is logged once. */
export async function keepRegistering(
  options: KeepRegisteringOptions,
  signal: AbortSignal,
  isRepeat = false,
): Promise<Told | undefined> {
  const { retryMs = RETRY_MS, log } = options;
  let lastReason = '';
  while (!signal.aborted) {
    const told = await attempt(options, isRepeat).catch((error: unknown) => String(error));
    if (typeof told !== 'string') return told;
    if (told !== lastReason) log.warn({ reason: told }, 'not registered yet, trying again');
    lastReason = told;
    await rest(retryMs, signal);
  }
  return undefined;
}

/** From then on has the Node say what the host has, until the signal ends it; never rejects. */
export async function keepAddresses(options: KeepRegisteringOptions, signal: AbortSignal): Promise<void> {
  const pace = new WritePace(PACE);
  // before anything is read, so that nothing falls between
  const changes = new LinkChanges(options.kernel, signal);
  let told: Told | undefined;
  while (!signal.aborted) {
    if ((await describe(options)) !== told?.facts) {
      await rest(pace.delayMs(performance.now()), signal);
      told = await keepRegistering(options, signal, true);
      if (told?.isWritten === true) pace.onWritten(performance.now());
    }
    await changes.next();
    await rest(options.settleMs ?? SETTLE_MS, signal);
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal }).catch(() => undefined);
}

async function describe(options: KeepRegisteringOptions): Promise<string | undefined> {
  const facts = await readHostFacts(options).catch(() => undefined);
  return facts && printFacts(facts);
}

/** A text says why it could not be done. */
async function attempt(options: KeepRegisteringOptions, isRepeat: boolean): Promise<Told | string> {
  const { environment, nodename, stamps, log } = options;
  const resources = createResources(options.store, stamps);
  if (!isRepeat) await ensureInitialized(resources, stamps.uuid().replaceAll('-', ''));
  if (!(await isReady(resources))) return 'the store is locked';
  const facts = await readHostFacts(options);
  const isWritten = await registerNode({ resources, nodename, facts, log, mustExist: isRepeat });
  const isChecked = environment.DISABLE_NODE_IP_CHECK !== 'true' && (isWritten || !isRepeat);
  if (isChecked) await warnOfConflicts(resources, nodename, log);
  return { facts: printFacts(facts), isWritten };
}

async function isReady(resources: Resources): Promise<boolean> {
  const { resource } = await resources.get({ kind: kindOf('ClusterInformation')!, namespace: '', name: 'default' });
  return resource.spec.datastoreReady === true;
}
