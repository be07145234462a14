/** Locks and unlocks a store: while `datastoreReady` is false, agents keep what they have and take nothing new. I/O. */

import { kindOf } from '../../resources/registry.ts';
import { ensureInitialized } from '../effects/ensure-initialized.ts';
import type { Stamps } from '../resources/write.ts';
import { createResources } from '../resources.ts';
import type { Store } from '../store.ts';

/** Sets the lock; a store without ClusterInformation gets one, as every client of Calico gives it. */
export async function setLock(store: Store, isLocked: boolean, stamps: Stamps): Promise<void> {
  const resources = createResources(store, stamps);
  await ensureInitialized(resources, stamps.uuid().replaceAll('-', ''));
  const ref = { kind: kindOf('ClusterInformation')!, namespace: '', name: 'default' };
  const change = (current: { spec: Record<string, unknown> }) => ({
    ...current,
    spec: { ...current.spec, datastoreReady: !isLocked },
  });
  await resources.modify(ref, change, { isSystem: true });
}
