/**
 * The host agent: the store followed into the graph, the graph into the dataplane, and the reports back. Owns the life cycle of its parts. I/O.
 * Losing the store changes nothing in the kernel; stopping leaves the kernel as it is.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { followStore } from '../../datastore/follow.ts';
import { createResources } from '../../datastore/resources.ts';
import type { Store } from '../../datastore/store.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Logger } from '../../lib/log.ts';
import { type ConfigLayer, environmentLayer, fileLayer } from '../config/layers.ts';
import { createConfigSource, type Resolved } from '../config/source.ts';
import { createNftablesDataplane } from '../dataplane/nftables/backend.ts';
import type { PassStats } from '../dataplane/nftables/table-writer.ts';
import type { FelixConfig } from '../model/config.ts';
import {
  hostEndpointStatusKey,
  policyStatusKey,
  regionOf,
  type StatusPrefixes,
  statusPrefixes,
  workloadStatusKey,
} from '../status/keys.ts';
import { startProcessStatus } from '../status/process-status.ts';
import { createProgress } from '../status/progress.ts';
import { startStatusSocket } from '../status/status-socket.ts';
import { createStatusWriter } from '../status/status-writer.ts';
import type { HostAddress } from './detect-address.ts';
import { createPipeline } from './pipeline.ts';
import { registerNode } from './register-node.ts';

export interface AgentOptions {
  readonly store: Store;
  readonly kernel: Kernel;
  readonly nodename: string;
  readonly configDir: string;
  readonly runDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostAddresses: () => readonly HostAddress[];
  readonly stamps: Parameters<typeof createResources>[1];
  readonly log: Logger;
}

export interface Agent {
  close(): Promise<void>;
}

const resourcesPrefix = '/calico/resources/v3/projectcalico.org/';

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { store, nodename, log } = options;
  const abort = new AbortController();
  const progress = createProgress();
  const config = createConfigSource(nodename, localLayers(options));
  const local = config.resolve().config;
  const prefixes = statusPrefixes(nodename, regionOf(local.openstackRegion));
  const writer = createStatusWriter({ store, delayMs: local.endpointReportingDelayMs, log });
  const reporter = createReporter({ prefixes, writer, progress });
  const eventLoop = monitorEventLoopDelay({ resolution: 5 });
  eventLoop.enable();
  let lastPass: PassStats | undefined;
  let resolved: Resolved | undefined;
  let heartbeat: ReturnType<typeof startProcessStatus> | undefined;

  const dataplane = createNftablesDataplane({
    kernel: options.kernel,
    hostname: nodename,
    reports: reporter,
    log: log.child({ component: 'dataplane' }),
    onPass: (stats) => {
      lastPass = stats;
    },
  });
  const pipeline = createPipeline({
    hostname: nodename,
    config,
    dataplane,
    log: log.child({ component: 'pipeline' }),
    onConfig(next) {
      for (const problem of next.problems) log.warn({ problem }, 'configuration');
      if (isHeartbeatNew(resolved?.config, next.config)) {
        void heartbeat?.close();
        heartbeat = startProcessStatus({
          store,
          prefixes,
          intervalMs: next.config.reportingIntervalMs,
          ttlMs: next.config.reportingTtlMs,
          log,
        });
      }
      reporter.setEndpointReporting(next.config.isEndpointReportingEnabled);
      resolved = next;
    },
  });
  const following = followStore({
    store: () => store,
    prefixes: [resourcesPrefix],
    sink: pipeline,
    log: log.child({ component: 'syncer' }),
  });
  const socket = await startStatusSocket({
    path: join(options.runDir, 'node.sock'),
    progress,
    requestProgress: () => following.requestProgress(),
    describe: () => ({
      node: nodename,
      store: pipeline.status,
      isStoreReady: config.isStoreReady,
      sentRevision: pipeline.sentRevision,
      appliedRevision: progress.appliedRevision,
      lastPass,
      eventLoopStallMs: eventLoop.max / 1e6,
      refusedPolicies: Object.fromEntries(progress.refusals),
      invalidObjects: Object.fromEntries(pipeline.problems()),
      config: Object.fromEntries(resolved?.values ?? []),
    }),
  });
  const registration = keepRegistering(options, abort.signal);

  return {
    async close() {
      abort.abort();
      eventLoop.disable();
      await Promise.all([following.close(), socket.close(), heartbeat?.close(), registration]);
      await dataplane.close();
      await writer.close();
      options.kernel.close();
    },
  };
}

/** Environment over file, highest first. A missing file is fine. */
function localLayers(options: AgentOptions): ConfigLayer[] {
  const path = join(options.configDir, 'felix.cfg');
  try {
    return [environmentLayer(options.environment), fileLayer(path, readFileSync(path, 'utf8'))];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      options.log.warn({ path, error: String(error) }, 'file not read');
    return [environmentLayer(options.environment)];
  }
}

function isHeartbeatNew(before: FelixConfig | undefined, after: FelixConfig): boolean {
  return (
    before === undefined ||
    before.reportingIntervalMs !== after.reportingIntervalMs ||
    before.reportingTtlMs !== after.reportingTtlMs
  );
}

interface ReporterOptions {
  readonly prefixes: StatusPrefixes;
  readonly writer: ReturnType<typeof createStatusWriter>;
  readonly progress: ReturnType<typeof createProgress>;
}

/** What the dataplane reports, turned into keys of the store. */
function createReporter({ prefixes, writer, progress }: ReporterOptions) {
  const endpoints = new Map<string, string>();
  let isReportingEndpoints = false;
  let hasSwept = false;
  const setEndpoint = (key: string, status: string) => {
    const value = status === 'removed' ? undefined : JSON.stringify({ status });
    if (value === undefined) endpoints.delete(key);
    else endpoints.set(key, value);
    if (isReportingEndpoints) writer.set(key, value);
  };
  return {
    onWorkloadEndpointStatus: (id: Parameters<typeof workloadStatusKey>[1], status: string) =>
      setEndpoint(workloadStatusKey(prefixes, id), status),
    onHostEndpointStatus: (id: Parameters<typeof hostEndpointStatusKey>[1], status: string) =>
      setEndpoint(hostEndpointStatusKey(prefixes, id), status),
    onPolicyStatus(id: Parameters<typeof policyStatusKey>[1], problem: string | undefined) {
      progress.onPolicyStatus(id, problem);
      writer.set(policyStatusKey(prefixes, id), problem === undefined ? undefined : JSON.stringify({ error: problem }));
    },
    onApplied(revision: number) {
      progress.onApplied(revision);
      if (hasSwept) return;
      hasSwept = true;
      writer.owns([prefixes.workloads, prefixes.hostEndpoints, prefixes.policies]);
    },
    setEndpointReporting(isEnabled: boolean) {
      if (isEnabled === isReportingEndpoints) return;
      isReportingEndpoints = isEnabled;
      for (const [key, value] of endpoints) writer.set(key, isEnabled ? value : undefined);
    },
  };
}

/** Tries until the Node is there; a store that is away only makes it later. */
async function keepRegistering(options: AgentOptions, signal: AbortSignal): Promise<void> {
  const resources = createResources(options.store, options.stamps);
  const isPolicyOnly = options.environment.CALICO_NETWORKING_BACKEND === 'none';
  const text = (name: string) => (isPolicyOnly ? 'none' : (options.environment[name] ?? ''));
  while (!signal.aborted) {
    try {
      await registerNode({
        resources,
        nodename: options.nodename,
        wanted: { ip: text('IP'), ip6: text('IP6') },
        hostAddresses: options.hostAddresses,
        log: options.log,
      });
      return;
    } catch (error) {
      options.log.debug({ error: String(error) }, 'not registered yet; will try again');
      await sleep(1000, undefined, { signal }).catch(() => undefined);
    }
  }
}
