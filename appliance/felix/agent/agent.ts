/**
 * The host agent: the store followed into the graph, the graph into the dataplane, and the reports back. Owns the life cycle of its parts. I/O.
 * Losing the store changes nothing in the kernel; stopping leaves the kernel as it is.
 */
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { StoreConnection } from '../../datastore/follow.ts';
import { createResources } from '../../datastore/resources.ts';
import type { Store } from '../../datastore/store.ts';
import { createHostEndpointController } from '../../hostendpoints/controller.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Programs } from '../../kernel/programs.ts';
import type { Logger } from '../../lib/log.ts';
import { printProblems } from '../../lib/problem.ts';
import type { ConfigLayer } from '../config/layers.ts';
import { reportConfig } from '../config/report.ts';
import { createConfigSource, type Resolved } from '../config/source.ts';
import { createRulesetSaver } from '../dataplane/boot/saver.ts';
import { systemClock } from '../dataplane/clock.ts';
import type { Dataplane } from '../dataplane/dataplane.ts';
import type { Hits } from '../dataplane/hits.ts';
import type { PassStats } from '../dataplane/nftables/table-writer.ts';
import { openDataplane } from '../dataplane/open.ts';
import { PassWatch } from '../dataplane/pass-watch.ts';
import { RefreshTimers } from '../dataplane/refresh-timers.ts';
import type { FelixConfig } from '../model/config.ts';
import { createEndpointFiles } from '../status/endpoint-files.ts';
import { createHealth } from '../status/health.ts';
import { regionOf, statusPrefixes } from '../status/keys.ts';
import type { FelixFacts } from '../status/metrics/felix-metrics.ts';
import { startProcessStatus } from '../status/process-status.ts';
import { createProgress } from '../status/progress.ts';
import { startStatusSocket } from '../status/status-socket.ts';
import { createStatusWriter } from '../status/status-writer.ts';
import { createAgentMetrics } from './agent-metrics.ts';
import type { HostAddress } from './detect-address.ts';
import { type ClusterFollower, followCluster } from './follow-cluster.ts';
import { createHang } from './hang.ts';
import { type AgentFacts, createHealthReporters } from './health-reporters.ts';
import { printHits } from './hits-page.ts';
import { logLevelOf } from './log-level.ts';
import { Measures } from './measures.ts';
import { writeMtuFile } from './mtu-file.ts';
import { createPipeline } from './pipeline.ts';
import { readPolicyForm } from './policy-form.ts';
import { createPorts } from './ports.ts';
import { keepAddresses, keepRegistering } from './registration.ts';
import { createReporter } from './reporter.ts';
import { keepTunnelAddresses } from './tunnel-addresses.ts';
import { createUpEndpoints } from './up-endpoints.ts';
import { keepWireguardKeys } from './wireguard-keys.ts';

export interface AgentOptions {
  readonly store: Store;
  readonly kernel: Kernel;
  /** How programs of iptables are started; absent: there is nftables only. */
  readonly openPrograms?: () => Programs;
  readonly nodename: string;
  /** Configuration from environment and file, highest first. */
  readonly local: readonly ConfigLayer[];
  readonly runDir: string;
  /** Where to keep the ruleset for the next boot; undefined for agents that are not the host's own. */
  readonly boot?: { readonly directory: string; readonly version: string } | undefined;
  /** Where what other programs of this host read is left; absent: nothing is. */
  readonly dataDir?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostAddresses: () => readonly HostAddress[];
  readonly stamps: Parameters<typeof createResources>[1];
  readonly log: Logger;
  readonly version?: string;
  /** What the program adds to the status: its version, its certificates. */
  readonly about?: () => Record<string, unknown>;
  /** Takes the level the configuration asks for; undefined when it asks for none. */
  readonly setLogLevel: (level: string | undefined) => void;
}

export interface Agent {
  /** Settles once the kernel has what the store held at the start; rejects when the agent is closed before. */
  readonly started: Promise<void>;
  /** Settles when following the store is over; rejects with a fault of ours, after which nothing is followed any more. */
  readonly done: Promise<void>;
  /** False when a part is stuck, for which a new start is the cure. */
  isLive(): boolean;
  /** Takes other layers of environment and file, and what else of the settings waits for the next start, in words. */
  reload(local: readonly ConfigLayer[], notes: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** As `GET /status` has it. */
function describeConnection(connection: StoreConnection | undefined) {
  if (connection === undefined) return { state: 'degraded', sinceMs: 0 };
  const { isConnected, sinceMs, problem } = connection;
  const state = isConnected ? 'connected' : 'degraded';
  return { state, sinceMs: Math.round(sinceMs), ...(problem === undefined ? {} : { problem }) };
}

/** A sweep reads what all endpoints of the host have stored. */
const sweepMinMs = 10_000;
/** Of every store: an empty one has it. */
const firstRevision = 1;

/** Throws SOCKET_IN_USE, before anything is touched, when another agent serves the same run directory. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { store, nodename } = options;
  const log = options.log.child({ component: 'agent' });
  const abort = new AbortController();
  const progress = createProgress();
  const config = createConfigSource(nodename, options.local);
  const mayWrite = () => config.isStoreReady;
  let resolved = config.resolve();
  let isConfigured = false;
  let reloadNotes: readonly string[] = [];
  /** What holds until the next start: the store's word, where environment and file had none. */
  let atStart = resolved.values;
  let region: string | undefined;
  const writer = createStatusWriter({
    store,
    delayMs: () => resolved.config.endpointReportingDelayMs,
    mayWrite,
    log,
  });
  const prefixes = () => statusPrefixes(nodename, regionOf(region ?? resolved.config.openstackRegion));
  const reporter = createReporter({ prefixes, writer, progress });
  const heartbeat = startProcessStatus({ store, prefixes, mayWrite, now: options.stamps.now, log });
  const timers = new RefreshTimers(systemClock);
  const eventLoop = monitorEventLoopDelay({ resolution: 5 });
  let lastPass: PassStats | undefined;
  const watch = new PassWatch(() => passTrouble(resolved.config));
  const health = createHealth(createHealthReporters(facts), () => resolved.config.healthTimeoutsMs);
  const measures = new Measures();
  watch.onEnd((ms) => measures.onPassEnd(ms, performance.now()));
  const ports = createPorts({
    health,
    metrics: createAgentMetrics({
      config: () => resolved.config,
      facts: metricFacts,
      keys: () => following?.keys() ?? [],
      readHits,
      kernel: options.kernel,
      eventLoop,
    }),
    log: options.log,
  });
  const endpointFiles = createEndpointFiles({
    directory: () => endpointFilesDirectory(resolved, options.runDir),
    log,
  });
  const upEndpoints = createUpEndpoints(endpointFiles.set);
  const saver =
    options.boot &&
    createRulesetSaver({
      ...options.boot,
      openPrograms: options.openPrograms,
      kernel: options.kernel,
      now: options.stamps.now,
      log,
    });

  const wireguardKeys = keepWireguardKeys({
    ...options,
    mayWrite,
    log: options.log.child({ component: 'wireguard' }),
  });
  const dataplane = await openDataplane({
    kernel: options.kernel,
    openPrograms: options.openPrograms,
    announceAnew: () => pipeline.announceAnew(),
    hostname: nodename,
    reports: {
      ...reporter,
      onWorkloadMtu,
      onWireguardKey: (family, key) => wireguardKeys.set(family, key),
      onWorkloadEndpointStatus(id, status) {
        reporter.onWorkloadEndpointStatus(id, status);
        upEndpoints.onStatus(id, status);
      },
      onApplied(revision) {
        if (progress.appliedRevision === 0) endpointFiles.open();
        reporter.onApplied(revision);
      },
    },
    watch,
    isLinear: readPolicyForm(options.environment) === 'linear',
    log: options.log.child({ component: 'dataplane' }),
    onPass: (stats) => {
      lastPass = stats;
      saver?.onPass(stats);
      measures.onPass(stats.operations);
    },
  });
  function onWorkloadMtu(mtuBytes: number): void {
    if (options.dataDir !== undefined) writeMtuFile(options.dataDir, mtuBytes, log);
  }
  const pipeline = createPipeline({
    hostname: nodename,
    config,
    dataplane: measured(dataplane, measures, upEndpoints),
    log: options.log.child({ component: 'pipeline' }),
    onBatch: createHang(() => resolved.config.simulateGraphHangMs),
    onConfig(next) {
      takeLocal(next);
      for (const problem of next.problems) log.warn({ problem }, 'configuration');
      region ??= next.config.openstackRegion;
      if (region !== next.config.openstackRegion)
        log.warn({ region }, 'OpenstackRegion stays as it is until the next start');
      if (!isConfigured) atStart = new Map([...next.values, ...atStart]);
      isConfigured = true;
      heartbeat.configure({ intervalMs: next.config.reportingIntervalMs, ttlMs: next.config.reportingTtlMs });
      reporter.reportEndpoints(next.config.isEndpointReportingEnabled);
      timers.set('status', sweepPeriodMs(next.config), reporter.sweep);
    },
  });
  const tunnelAddresses = keepTunnelAddresses({
    ...options,
    mayWrite,
    isHostEncrypted: () => resolved.config.isWireguardHostEncryptionEnabled,
    log: options.log.child({ component: 'tunnel-addresses' }),
  });
  /** A host that only enforces policy has no tunnels. */
  const hasTunnels = options.environment.CALICO_NETWORKING_BACKEND !== 'none';
  const hostEndpoints = createHostEndpointController({
    nodename,
    resources: createResources(store, options.stamps),
    mayWrite,
    log: options.log.child({ component: 'hostendpoints' }),
  });
  let following: ClusterFollower | undefined;
  const socket = await startStatusSocket({
    path: join(options.runDir, 'node.sock'),
    progress,
    requestProgress: () => following?.requestProgress(),
    resetStall: () => eventLoop.reset(),
    pages: { '/config': describeConfig, '/hits': async () => printHits(await readHits()) ?? null },
    describe: () => ({
      node: nodename,
      ...options.about?.(),
      store: pipeline.status,
      storeConnection: describeConnection(following?.connection),
      isStoreReady: config.isStoreReady,
      sentRevision: pipeline.sentRevision,
      backend: dataplane.backend,
      appliedRevision: progress.appliedRevision,
      lastPass,
      ...(saver === undefined ? {} : { bootRuleset: saver.status }),
      eventLoopStallMs: eventLoop.max / 1e6,
      counts: pipeline.counts,
      refusedPolicies: Object.fromEntries(progress.refusals),
      invalidObjects: Object.fromEntries(pipeline.problems()),
      config: Object.fromEntries(resolved.values),
      configProblems: resolved.problems,
      health: health.states(),
      ports: ports.states(),
    }),
  }).catch(async (error: unknown) => {
    await Promise.all([dataplane.close(), heartbeat.close(), ports.close()]);
    throw error;
  });
  ports.configure(resolved.config);
  eventLoop.enable();
  following = followCluster({
    store,
    sink: {
      async onUpdates(updates, revision) {
        hostEndpoints.onUpdates(updates);
        for (const { key } of updates) {
          if (hasTunnels) tunnelAddresses.notice(key);
          wireguardKeys.notice(key);
        }
        const beganMs = performance.now();
        await pipeline.onUpdates(updates, revision);
        const nowMs = performance.now();
        measures.onUpdates(updates, nowMs - beganMs, nowMs);
      },
      async onStatus(status, revision) {
        measures.onStatus(status);
        await pipeline.onStatus(status, revision);
        if (status !== 'in-sync') return;
        reporter.sweep();
        if (hasTunnels) tunnelAddresses.wake();
        hostEndpoints.onInSync();
      },
    },
    log: options.log.child({ component: 'syncer' }),
  });
  const registering = {
    ...options,
    isWorkload: (name: string) => resolved.config.interfacePrefixes.some((prefix) => name.startsWith(prefix)),
    log: options.log.child({ component: 'registration' }),
  };
  const registration = keepRegistering(registering, abort.signal).then(() => keepAddresses(registering, abort.signal));
  const started = progress.waitUntil(firstRevision, abort.signal);
  started.catch(() => undefined);

  return {
    started,
    done: following.done,
    async reload(local, notes) {
      config.setLocal(local);
      reloadNotes = notes;
      takeLocal(config.resolve());
      if (isConfigured) await pipeline.reconfigure();
    },
    isLive: () => health.answer('liveness').isOk,
    async close() {
      abort.abort();
      timers.close();
      eventLoop.disable();
      const parts = [following, socket, heartbeat, ports, endpointFiles, tunnelAddresses, wireguardKeys, hostEndpoints];
      await Promise.allSettled([...parts.map((part) => part?.close()), registration]);
      await dataplane.close();
      await Promise.allSettled([writer.close(), saver?.close()]);
      options.kernel.close();
    },
  };
  function readHits(): Promise<Hits | undefined> {
    return dataplane.readHits?.() ?? Promise.resolve(undefined);
  }

  /** What needs no store. */
  function takeLocal(next: Resolved): void {
    resolved = next;
    options.setLogLevel(logLevelOf(next));
    ports.configure(next.config);
  }

  function describeConfig() {
    const { layers } = resolved;
    const { parameters, problems } = reportConfig(layers, atStart);
    const portProblems = Object.values(ports.states()).flatMap(({ problem }) => problem ?? []);
    const isOurs = (key: string) => layers.some(({ name }) => name === `FelixConfiguration ${key.split('/').at(-1)}`);
    const stored = [...config.problems].flatMap(([key, found]) =>
      isOurs(key) ? `${key}: ${printProblems(found)}` : [],
    );
    return { node: nodename, parameters, problems: [...problems, ...portProblems, ...stored, ...reloadNotes] };
  }

  function facts(): AgentFacts {
    const { isConnected = false, problem } = following?.connection ?? {};
    return {
      config: resolved.config,
      isConfigured,
      isStoreReady: config.isStoreReady,
      store: pipeline.status,
      isConnected,
      connectionProblem: problem,
      graphBusyMs: pipeline.busyMs,
      passBusyMs: watch.busyMs,
      passProblem: watch.problem,
      appliedRevision: progress.appliedRevision,
    };
  }

  function metricFacts(): FelixFacts {
    return {
      host: nodename,
      version: options.version ?? '',
      nowMs: performance.now(),
      store: pipeline.status,
      isConnected: following?.connection.isConnected ?? false,
      isStoreReady: config.isStoreReady,
      losses: following?.losses ?? 0,
      sentRevision: pipeline.sentRevision,
      appliedRevision: progress.appliedRevision,
      refusedPolicies: progress.refusals.size,
      invalidObjects: pipeline.problems().size,
      configProblems: resolved.problems.length,
      health: health.states(),
      counts: pipeline.counts,
      index: pipeline.indexSize,
      sizes: dataplane.sizes?.(),
      passes: watch.count,
      measures,
    };
  }
}

/** The way to the dataplane, on which is counted what it is told. */
function measured(
  dataplane: Dataplane,
  measures: Measures,
  upEndpoints: ReturnType<typeof createUpEndpoints>,
): Pick<Dataplane, 'accept'> {
  return {
    accept(flush) {
      upEndpoints.take(flush.messages);
      measures.onFlush(flush, performance.now());
      dataplane.accept(flush);
    },
  };
}

/** As often as Felix compares what is stored with what it reported; only where somebody reads it. */
function sweepPeriodMs({ isEndpointReportingEnabled, endpointReportingDelayMs }: FelixConfig): number {
  return isEndpointReportingEnabled ? Math.max(sweepMinMs, 180 * endpointReportingDelayMs) : 0;
}

/** Beside the sockets, unless somebody says where: agents with directories of their own do not meet. */
function endpointFilesDirectory({ config, values }: Resolved, runDir: string): string {
  const prefix = values.has('endpointstatuspathprefix') ? config.endpointStatusPath : runDir;
  return prefix === '' ? '' : join(prefix, 'endpoint-status');
}

function passTrouble({ simulatePassDelayMs, simulateDataplaneHangMs }: FelixConfig) {
  return { delayMs: simulatePassDelayMs, hangAfterMs: simulateDataplaneHangMs };
}
