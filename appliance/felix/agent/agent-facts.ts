/**
 * What the agent tells of itself: to `GET /status`, to health and to metrics. Reads its parts, changes none. Pure but for what it asks.
 */
import type { monitorEventLoopDelay } from 'node:perf_hooks';
import type { StoreConnection } from '../../datastore/follow.ts';
import type { ConfigSource } from '../config/source.ts';
import type { ChosenDataplane } from '../dataplane/chosen-dataplane.ts';
import type { PassStats } from '../dataplane/nftables/table-writer.ts';
import type { PassWatch } from '../dataplane/pass-watch.ts';
import type { Health } from '../status/health.ts';
import type { FelixFacts } from '../status/metrics/felix-metrics.ts';
import { lagMs } from '../status/metrics/process-metrics.ts';
import type { Progress } from '../status/progress.ts';
import type { AgentOptions } from './agent-options.ts';
import type { ClusterFollower } from './follow-cluster.ts';
import type { AgentFacts } from './health-reporters.ts';
import type { Measures } from './measures.ts';
import type { MtuFile } from './mtu-file.ts';
import type { Pipeline } from './pipeline.ts';
import type { Ports } from './ports.ts';
import type { SettingsInForce } from './settings-in-force.ts';

/** The parts it reads; `following` is there once the store is followed. */
export interface AgentParts {
  readonly options: AgentOptions;
  readonly config: ConfigSource;
  readonly settings: SettingsInForce;
  readonly progress: Progress;
  readonly watch: PassWatch;
  readonly measures: Measures;
  readonly eventLoop: ReturnType<typeof monitorEventLoopDelay>;
  readonly mtuFile: MtuFile;
  readonly following: () => ClusterFollower | undefined;
}

/** As health has it. */
export function healthFacts(parts: AgentParts, pipeline: Pipeline): AgentFacts {
  const { settings, config, progress, watch } = parts;
  const { isConnected = false, problem } = parts.following()?.connection ?? {};
  return {
    config: settings.config,
    isConfigured: settings.isConfigured,
    isStoreReady: config.isStoreReady,
    store: pipeline.status,
    isConnected,
    connectionProblem: problem,
    graphBusyMs: pipeline.busyMs,
    passBusyMs: watch.busyMs,
    passProblem: watch.problem,
    appliedRevision: progress.appliedRevision,
    mtuFileProblem: parts.mtuFile.problem,
  };
}

/** As metrics have it. */
export function metricFacts(
  parts: AgentParts,
  pipeline: Pipeline,
  dataplane: ChosenDataplane,
  health: Health,
): FelixFacts {
  const { options, settings, config, progress, watch, measures } = parts;
  const following = parts.following();
  return {
    host: options.nodename,
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
    configProblems: settings.resolved.problems.length,
    health: health.states(),
    counts: pipeline.counts,
    index: pipeline.indexSize,
    sizes: dataplane.sizes?.(),
    passes: watch.count,
    measures,
  };
}

export interface StatusParts {
  readonly pipeline: Pipeline;
  readonly backend: string | undefined;
  readonly lastPass: PassStats | undefined;
  /** What is kept for the next boot; undefined where nothing is. */
  readonly bootRuleset: unknown;
  readonly health: Health;
  readonly ports: Ports;
}

/** As `GET /status` has it. */
export function describeAgent(
  parts: AgentParts,
  { pipeline, backend, lastPass, bootRuleset, health, ports }: StatusParts,
) {
  const { options, settings, config, progress, eventLoop } = parts;
  return {
    node: options.nodename,
    ...options.about?.(),
    store: pipeline.status,
    storeConnection: describeConnection(parts.following()?.connection),
    isStoreReady: config.isStoreReady,
    sentRevision: pipeline.sentRevision,
    backend,
    appliedRevision: progress.appliedRevision,
    lastPass,
    ...(bootRuleset === undefined ? {} : { bootRuleset }),
    eventLoopStallMs: lagMs(eventLoop.max),
    counts: pipeline.counts,
    refusedPolicies: Object.fromEntries(progress.refusals),
    invalidObjects: Object.fromEntries(pipeline.problems()),
    config: Object.fromEntries(settings.resolved.values),
    configProblems: settings.resolved.problems,
    health: health.states(),
    ports: ports.states(),
  };
}

function describeConnection(connection: StoreConnection | undefined) {
  if (connection === undefined) return { state: 'degraded', sinceMs: 0 };
  const { isConnected, sinceMs, problem } = connection;
  const state = isConnected ? 'connected' : 'degraded';
  return { state, sinceMs: Math.round(sinceMs), ...(problem === undefined ? {} : { problem }) };
}
