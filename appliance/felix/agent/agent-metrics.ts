/** The page of metrics, put together from what the agent knows, what the kernel counted and what the process uses. I/O through its parts. */
import type { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Kernel, WireguardDevice } from '../../kernel/kernel.ts';
import type { Hits } from '../dataplane/hits.ts';
import type { FelixConfig } from '../model/config.ts';
import { type FelixFacts, renderClusterMetrics, renderFelixMetrics } from '../status/metrics/felix-metrics.ts';
import { renderHitMetrics } from '../status/metrics/hit-metrics.ts';
import { createMetricsPage } from '../status/metrics/metrics-page.ts';
import { readProcessMetrics, readRuntimeMetrics } from '../status/metrics/process-metrics.ts';
import { renderWireguardMetrics } from '../status/metrics/wireguard-metrics.ts';
import { kindOfKey } from './measures.ts';

export interface AgentMetricsParts {
  readonly config: () => FelixConfig;
  readonly facts: () => FelixFacts;
  /** Everything followed in the store. */
  readonly keys: () => Iterable<string>;
  /** Undefined when the backend has none. */
  readonly readHits: () => Promise<Hits | undefined>;
  readonly kernel: Pick<Kernel, 'links' | 'wireguard'>;
  readonly eventLoop: ReturnType<typeof monitorEventLoopDelay>;
}

export function createAgentMetrics({ config, facts, keys, readHits, kernel, eventLoop }: AgentMetricsParts) {
  return createMetricsPage({
    current: () => [
      ...renderFelixMetrics(facts()),
      ...(config().areProcessMetricsEnabled ? readProcessMetrics() : []),
      ...(config().areRuntimeMetricsEnabled ? readRuntimeMetrics(eventLoop) : []),
    ],
    async costly() {
      const hits = await readHits();
      return [
        ...renderClusterMetrics(countKinds(keys())),
        ...(hits === undefined ? [] : renderHitMetrics(hits)),
        ...(await readWireguard()),
      ];
    },
  });

  async function readWireguard() {
    const { areWireguardMetricsEnabled, ...settings } = config();
    if (!areWireguardMetricsEnabled || !(settings.isWireguardEnabled || settings.isWireguardEnabledV6)) return [];
    const names = [settings.wireguardInterface, settings.wireguardInterfaceV6];
    const devices = new Map<string, WireguardDevice>();
    for (const { name, index } of await kernel.links()) {
      const device = names.includes(name) ? await kernel.wireguard(index) : undefined;
      if (device !== undefined) devices.set(name, device);
    }
    return renderWireguardMetrics(facts().host, devices);
  }
}

function countKinds(keys: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) {
    const kind = kindOfKey(key);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
