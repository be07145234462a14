/**
 * Works through resources and keeps every outcome in their order; a failure never stops the ones after it. I/O through `operate`.
 * Kinds whose acceptance does not hang on one another go side by side; any other kind waits for all before it, and is waited for.
 */
import type { KindRef } from './kind-refs.ts';
import { connectionsMax } from './transport.ts';

/** A resource that a command is about. */
export interface Named {
  readonly kind: KindRef;
  readonly name: string;
  readonly namespace: string | undefined;
  /** The revision a file insists on. */
  readonly resourceVersion: string | undefined;
}

/** What became of one resource. */
export interface Outcome {
  readonly item: Named;
  readonly error?: unknown;
}

/** Policies need tiers, pools may not overlap, filters come before peers: those are left out here on purpose. */
const independentKinds: ReadonlySet<string> = new Set([
  'GlobalNetworkPolicy',
  'GlobalNetworkSet',
  'HostEndpoint',
  'NetworkPolicy',
  'NetworkSet',
  'Profile',
  'StagedGlobalNetworkPolicy',
  'StagedKubernetesNetworkPolicy',
  'StagedNetworkPolicy',
  'WorkloadEndpoint',
]);

/** Runs `operate` on every item. */
export async function runEach<T extends Named>(
  items: readonly T[],
  operate: (item: T) => Promise<void>,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const wave of planWaves(items)) outcomes.push(...(await runWave(wave, operate)));
  return outcomes;
}

/** Cuts the list into runs whose members may be in flight together. The same object twice never shares a wave. */
export function planWaves<T extends Named>(items: readonly T[]): T[][] {
  const waves: T[][] = [];
  const members = new Set<string>();
  for (const item of items) {
    const key = `${item.kind.kind}/${item.namespace ?? ''}/${item.name}`;
    const isIndependent = independentKinds.has(item.kind.kind);
    if (isIndependent && members.size > 0 && !members.has(key)) waves.at(-1)?.push(item);
    else {
      waves.push([item]);
      members.clear();
    }
    if (isIndependent) members.add(key);
  }
  return waves;
}

/** The first goes alone: what it meets (there already, or not) tells the others which request to try first. */
async function runWave<T extends Named>(wave: readonly T[], operate: (item: T) => Promise<void>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let next = 0;
  const work = async (end: number) => {
    while (next < end) {
      const index = next++;
      outcomes[index] = await runOne(wave[index] as T, operate);
    }
  };
  await work(1);
  await Promise.all(Array.from({ length: connectionsMax }, () => work(wave.length)));
  return outcomes;
}

async function runOne<T extends Named>(item: T, operate: (item: T) => Promise<void>): Promise<Outcome> {
  try {
    await operate(item);
    return { item };
  } catch (error) {
    return { item, error };
  }
}
