/**
 * Follows the objects that configure the agent (FelixConfiguration, ClusterInformation, the own Node's labels) and answers with the resolved
 * configuration. Stands beside the graph, behind `calc/decode.ts`. Pure: the present content decides, never its history.
 */
import type { Problem } from '../../lib/problem.ts';
import { parseStoreKey, storePrefix } from '../../resources/key.ts';
import { kindOf } from '../../resources/registry.ts';
import { parseSelector } from '../../selector/parse.ts';
import type { FelixConfig } from '../model/config.ts';
import { decodeConfig } from './decode.ts';
import { type ConfigLayer, type ResolvedValue, resolveLayers } from './layers.ts';
import { chooseScoped, selectorOf } from './scoped.ts';
import { valuesOfSpec } from './spec-values.ts';

/** One key's present content. */
export interface ConfigUpdate {
  readonly key: string;
  /** Parsed JSON of any shape, or undefined when gone. */
  readonly value: unknown;
  /** Why the bytes could not be read; the value then counts as absent. */
  readonly unreadable?: string;
}

export interface ConfigSource {
  /** True when the configuration may have changed. */
  update(update: ConfigUpdate): boolean;
  /** Takes the place of the layers of environment and file, highest first. */
  setLocal(layers: readonly ConfigLayer[]): void;
  resolve(): Resolved;
  /** ClusterInformation's datastoreReady: false while the store is locked or not initialised. */
  readonly isStoreReady: boolean;
  /** What is wrong with the objects followed here alone, by store key. */
  readonly problems: ReadonlyMap<string, readonly Problem[]>;
}

export interface Resolved {
  readonly config: FelixConfig;
  /** Each effective raw value with the layer it came from. */
  readonly values: ReadonlyMap<string, ResolvedValue>;
  /** Values that could not be used and what happened instead. */
  readonly problems: readonly string[];
  /** All layers, highest first. */
  readonly layers: readonly ConfigLayer[];
}

/** `local`: layers from environment and file, highest first. */
export function createConfigSource(hostname: string, local: readonly ConfigLayer[]): ConfigSource {
  let ownLayers = local;
  const objects = new Map<string, unknown>();
  const problems = new Map<string, readonly Problem[]>();
  let nodeLabels: Readonly<Record<string, string>> = {};
  let isStoreReady = false;

  return {
    get isStoreReady() {
      return isStoreReady;
    },
    problems,
    update(update) {
      if (!followed.some((prefix) => update.key.startsWith(prefix))) return false;
      const id = parseStoreKey(update.key);
      if (id?.kind.kind === 'ClusterInformation' && id.name === 'default') {
        const ready = field(field(update.value, 'spec'), 'datastoreReady');
        isStoreReady = ready === true;
        setProblems(update, isStoreReady || ready === false ? [] : [notReady]);
        return true;
      }
      if (id?.kind.kind === 'Node' && id.name === hostname) {
        nodeLabels = stringMap(field(field(update.value, 'metadata'), 'labels'));
        return true;
      }
      if (id?.kind.kind !== 'FelixConfiguration') return false;
      if (update.value === undefined) objects.delete(id.name);
      else objects.set(id.name, update.value);
      setProblems(update, [...valuesOfSpec(update.value).problems, ...selectorProblems(update.value)]);
      return true;
    },
    setLocal(layers) {
      ownLayers = layers;
    },
    resolve() {
      const scoped = chooseScoped(objects, nodeLabels);
      const stored = [`node.${hostname}`, ...(scoped === undefined ? [] : [scoped]), 'default'];
      const layers = [...ownLayers, ...stored.map(layerOf)];
      const values = resolveLayers(layers);
      const { config, problems: found } = decodeConfig(values);
      return { config, values, layers, problems: [...layers.flatMap((layer) => layer.problems ?? []), ...found] };
    },
  };

  function layerOf(name: string): ConfigLayer {
    return { name: `FelixConfiguration ${name}`, values: valuesOfSpec(objects.get(name)).values };
  }

  function setProblems({ key, value, unreadable }: ConfigUpdate, found: readonly Problem[]): void {
    if (unreadable !== undefined) problems.set(key, [{ path: '', message: unreadable }]);
    else if (value === undefined || found.length === 0) problems.delete(key);
    else problems.set(key, found);
  }
}

/** Most keys are of other kinds, which is told at once. */
const followed = ['ClusterInformation', 'FelixConfiguration', 'Node'].map((kind) => storePrefix(kindOf(kind)!));

const notReady: Problem = { path: 'spec.datastoreReady', message: 'must be true or false; counts as false' };

function selectorProblems(value: unknown): readonly Problem[] {
  const selector = selectorOf(value);
  if (selector === undefined || selector === null) return [];
  if (typeof selector !== 'string') return [{ path: 'spec.nodeSelector', message: 'must be a text' }];
  const parsed = selector === '' ? undefined : parseSelector(selector);
  return parsed === undefined || parsed.ok ? [] : parsed.problems.map((p) => ({ ...p, path: 'spec.nodeSelector' }));
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
