/**
 * Remembers the endpoints that ask to send from foreign addresses. Whether they may is a setting, which can change while they stay as they are:
 * the graph has to be told of them again then. Stands beside the graph in the pipeline. Pure.
 */
import { parseResourceKey } from '../calc/convert/key.ts';
import type { GraphUpdate } from '../calc/decode.ts';

export interface SpoofingEndpoints {
  update(update: GraphUpdate): void;
  /** What the store holds of them now. */
  all(): readonly GraphUpdate[];
}

export function createSpoofingEndpoints(): SpoofingEndpoints {
  const endpoints = new Map<string, GraphUpdate>();
  return {
    update(update) {
      if (!isAsking(update.value)) endpoints.delete(update.key);
      else if (parseResourceKey(update.key)?.plural === 'workloadendpoints') endpoints.set(update.key, update);
    },
    all: () => [...endpoints.values()],
  };
}

/** Any value counts that is not plainly nothing: telling the graph once too often does no harm. */
function isAsking(value: unknown): boolean {
  const prefixes = (value as { spec?: { allowSpoofedSourcePrefixes?: unknown } | null } | null | undefined)?.spec
    ?.allowSpoofedSourcePrefixes;
  return prefixes !== undefined && prefixes !== null && !(Array.isArray(prefixes) && prefixes.length === 0);
}
