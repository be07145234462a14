/**
 * Follows the objects that configure the agent (FelixConfiguration, ClusterInformation, the own Node's labels) and answers with the resolved
 * configuration. Pure: the present content decides, never its history.
 */
import { parseStoreKey } from '../../resources/key.ts';
import type { FelixConfig } from '../model/config.ts';
import { decodeConfig } from './decode.ts';
import { type ConfigLayer, type ResolvedValue, resolveLayers } from './layers.ts';
import { selectorScopedLayer } from './scoped.ts';
import { valuesOfSpec } from './spec-values.ts';

export interface ConfigSource {
  /** Takes one key's present content (parsed JSON, or undefined when gone); true when the configuration may have changed. */
  update(key: string, value: unknown): boolean;
  resolve(): Resolved;
  /** ClusterInformation's datastoreReady: false while the store is locked or not initialised. */
  readonly isStoreReady: boolean;
}

export interface Resolved {
  readonly config: FelixConfig;
  /** Each effective raw value with the layer it came from. */
  readonly values: ReadonlyMap<string, ResolvedValue>;
  /** Values that could not be read and the defaults they were replaced by. */
  readonly problems: readonly string[];
}

/** `local`: layers from environment and file, highest first. */
export function createConfigSource(hostname: string, local: readonly ConfigLayer[]): ConfigSource {
  const objects = new Map<string, unknown>();
  let nodeLabels: Readonly<Record<string, string>> = {};
  let isStoreReady = false;

  return {
    get isStoreReady() {
      return isStoreReady;
    },
    update(key, value) {
      const id = parseStoreKey(key);
      if (id?.kind.kind === 'ClusterInformation' && id.name === 'default') {
        isStoreReady = field(field(value, 'spec'), 'datastoreReady') === true;
        return true;
      }
      if (id?.kind.kind === 'Node' && id.name === hostname) {
        nodeLabels = stringMap(field(field(value, 'metadata'), 'labels'));
        return true;
      }
      if (id?.kind.kind !== 'FelixConfiguration') return false;
      if (value === undefined) objects.delete(id.name);
      else objects.set(id.name, value);
      return true;
    },
    resolve() {
      const layers: ConfigLayer[] = [
        ...local,
        { name: `FelixConfiguration node.${hostname}`, values: valuesOf(`node.${hostname}`) },
        selectorScopedLayer(objects, nodeLabels),
        { name: 'FelixConfiguration default', values: valuesOf('default') },
      ];
      const values = resolveLayers(layers);
      const { config, problems } = decodeConfig(values);
      return { config, values, problems };
    },
  };

  function valuesOf(name: string): ReadonlyMap<string, string> {
    return valuesOfSpec(objects.get(name));
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function stringMap(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((e): e is [string, string] => typeof e[1] === 'string'));
}
