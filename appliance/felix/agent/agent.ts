/**
 * The host agent: the store followed into the graph, the graph into the dataplane, and the reports back. Owns the life cycle of its parts. I/O.
 * Losing the store changes nothing in the kernel; stopping leaves the kernel as it is.
 */
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { SyncSink } from '../../datastore/syncer.ts';
import type { Logger } from '../../lib/log.ts';
import type { ConfigLayer } from '../config/layers.ts';
import { createConfigSource, type Resolved } from '../config/source.ts';
import { createRulesetSaver } from '../dataplane/boot/saver.ts';
import type { ChosenDataplane } from '../dataplane/chosen-dataplane.ts';
import { systemClock } from '../dataplane/clock.ts';
import type { Dataplane, DataplaneReports } from '../dataplane/dataplane.ts';
import type { Hits } from '../dataplane/hits.ts';
import type { PassStats } from '../dataplane/nftables/table-writer.ts';
import { openDataplane } from '../dataplane/open.ts';
import { PassWatch } from '../dataplane/pass-watch.ts';
import { RefreshTimers } from '../dataplane/refresh-timers.ts';
import type { FelixConfig } from '../model/config.ts';
import { createEndpointFiles } from '../status/endpoint-files.ts';
import { createHealth } from '../status/health.ts';
import { regionOf, statusPrefixes } from '../status/keys.ts';
import { lagResolutionMs } from '../status/metrics/process-metrics.ts';
import { startProcessStatus } from '../status/process-status.ts';
import { createProgress } from '../status/progress.ts';
import { startStatusSocket } from '../status/status-socket.ts';
import { createStatusWriter } from '../status/status-writer.ts';
import { type AgentParts, describeAgent, healthFacts, metricFacts } from './agent-facts.ts';
import { createAgentMetrics } from './agent-metrics.ts';
import type { AgentOptions } from './agent-options.ts';
import { type ClusterFollower, followCluster } from './follow-cluster.ts';
import { createHang } from './hang.ts';
import { createHealthReporters } from './health-reporters.ts';
import { printHits } from './hits-page.ts';
import { logLevelOf } from './log-level.ts';
import { Measures } from './measures.ts';
import { createMtuFile } from './mtu-file.ts';
import { keepOwnNode } from './own-node.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { readPolicyForm } from './policy-form.ts';
import { createPorts } from './ports.ts';
import { createReporter } from './reporter.ts';
import { SettingsInForce } from './settings-in-force.ts';
import { createUpEndpoints } from './up-endpoints.ts';

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

/** A sweep reads what all endpoints of the host have stored. */
const sweepMinMs = 10_000;
/** Of every store: an empty one has it. */
const firstRevision = 1;

/** Throws SOCKET_IN_USE, before anything is touched, when another agent serves the same run directory. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const agent = new HostAgent(options);
  await agent.openDataplane();
  await agent.openSocket();
  agent.follow();
  return agent;
}

class HostAgent implements Agent {
  readonly #options: AgentOptions;
  readonly #parts: AgentParts;
  readonly #abort = new AbortController();
  readonly #timers = new RefreshTimers(systemClock);
  readonly #writer: ReturnType<typeof createStatusWriter>;
  readonly #reporter: ReturnType<typeof createReporter>;
  readonly #heartbeat: ReturnType<typeof startProcessStatus>;
  readonly #health: ReturnType<typeof createHealth>;
  readonly #ports: ReturnType<typeof createPorts>;
  readonly #endpointFiles: ReturnType<typeof createEndpointFiles>;
  readonly #upEndpoints: ReturnType<typeof createUpEndpoints>;
  readonly #saver: ReturnType<typeof createRulesetSaver> | undefined;
  readonly #ownNode: ReturnType<typeof keepOwnNode>;
  #dataplane!: ChosenDataplane;
  #pipeline!: Pipeline;
  #socket: Awaited<ReturnType<typeof startStatusSocket>> | undefined;
  #following: ClusterFollower | undefined;
  #lastPass: PassStats | undefined;
  #started!: Promise<void>;
  #done!: Promise<void>;

  constructor(options: AgentOptions) {
    const { store, nodename, stamps } = options;
    this.#options = options;
    this.#parts = createParts(options, () => this.#following);
    const { config, settings, progress } = this.#parts;
    const log = this.#logFor('agent');
    const mayWrite = () => config.isStoreReady;
    const prefixes = () => statusPrefixes(nodename, regionOf(settings.openstackRegion));
    const delayMs = () => settings.config.endpointReportingDelayMs;
    this.#writer = createStatusWriter({ store, delayMs, mayWrite, log });
    this.#reporter = createReporter({ prefixes, writer: this.#writer, progress });
    this.#heartbeat = startProcessStatus({ store, prefixes, mayWrite, now: stamps.now, log });
    this.#health = createHealth(
      createHealthReporters(() => healthFacts(this.#parts, this.#pipeline)),
      () => settings.config.healthTimeoutsMs,
    );
    this.#ports = createPorts({ health: this.#health, metrics: this.#createMetrics(), log: options.log });
    const directory = () => endpointFilesDirectory(settings.resolved, options.runDir);
    this.#endpointFiles = createEndpointFiles({ directory, log });
    this.#upEndpoints = createUpEndpoints(this.#endpointFiles.set);
    const { boot, kernel } = options;
    const openPrograms = this.#openPrograms();
    this.#saver = boot && createRulesetSaver({ ...boot, openPrograms, kernel, now: stamps.now, log });
    this.#ownNode = keepOwnNode({ ...options, mayWrite, config: () => settings.config });
  }

  get started(): Promise<void> {
    return this.#started;
  }

  get done(): Promise<void> {
    return this.#done;
  }

  isLive(): boolean {
    return this.#health.answer('liveness').isOk;
  }

  async reload(local: readonly ConfigLayer[], notes: readonly string[]): Promise<void> {
    const { config, settings } = this.#parts;
    config.setLocal(local);
    settings.reloadNotes = notes;
    settings.resolved = config.resolve();
    this.#applyToProcess();
    if (settings.isConfigured) await this.#pipeline.reconfigure();
  }

  async openDataplane(): Promise<void> {
    const { kernel, nodename, environment } = this.#options;
    const { watch, measures } = this.#parts;
    this.#dataplane = await openDataplane({
      kernel,
      openPrograms: this.#openPrograms(),
      announceAnew: () => this.#pipeline.announceAnew(),
      hostname: nodename,
      reports: this.#reports(),
      watch,
      isLinear: readPolicyForm(environment) === 'linear',
      log: this.#logFor('dataplane'),
      onPass: (stats) => {
        this.#lastPass = stats;
        this.#saver?.onPass(stats);
      },
      onTook: (work, tookMs) => measures.onTook(work, tookMs, performance.now()),
    });
    this.#pipeline = this.#createPipeline();
  }

  async openSocket(): Promise<void> {
    const { progress, eventLoop } = this.#parts;
    this.#socket = await startStatusSocket({
      path: join(this.#options.runDir, 'node.sock'),
      progress,
      requestProgress: () => this.#following?.requestProgress(),
      resetStall: () => eventLoop.reset(),
      pages: {
        '/config': () => this.#describeConfig(),
        '/hits': async () => printHits(await this.#readHits()) ?? null,
      },
      describe: () => this.#describe(),
    }).catch(async (error: unknown) => {
      await Promise.all([this.#dataplane.close(), this.#heartbeat.close(), this.#ports.close()]);
      throw error;
    });
  }

  /** From here on things happen. */
  follow(): void {
    const { settings, eventLoop, progress } = this.#parts;
    this.#ports.configure(settings.config);
    eventLoop.enable();
    const { store } = this.#options;
    this.#following = followCluster({ store, sink: this.#sink(), log: this.#logFor('syncer') });
    this.#done = this.#following.done;
    this.#ownNode.open();
    this.#started = progress.waitUntil(firstRevision, this.#abort.signal);
    this.#started.catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#abort.abort();
    this.#timers.close();
    this.#parts.eventLoop.disable();
    this.#parts.mtuFile.close();
    const parts = [this.#following, this.#socket, this.#heartbeat, this.#ports, this.#endpointFiles, this.#ownNode];
    await Promise.allSettled(parts.map((part) => part?.close()));
    await this.#dataplane.close();
    await Promise.allSettled([this.#writer.close(), this.#saver?.close()]);
    this.#options.kernel.close();
  }

  /** Where there are programs at all: with what is asked of them counted. */
  #openPrograms(): AgentOptions['openPrograms'] {
    const { openPrograms } = this.#options;
    return openPrograms && (() => this.#parts.measures.programs.over(openPrograms()));
  }

  #logFor(component: string): Logger {
    return this.#options.log.child({ component });
  }

  #createMetrics(): ReturnType<typeof createAgentMetrics> {
    return createAgentMetrics({
      config: () => this.#parts.settings.config,
      facts: () => metricFacts(this.#parts, this.#pipeline, this.#dataplane, this.#health),
      keys: () => this.#following?.keys() ?? [],
      readHits: () => this.#readHits(),
      kernel: this.#options.kernel,
      eventLoop: this.#parts.eventLoop,
    });
  }

  #reports(): DataplaneReports {
    return {
      ...this.#reporter,
      onWorkloadMtu: (mtuBytes) => this.#parts.mtuFile.set(mtuBytes),
      onWireguardKey: (family, key) => this.#ownNode.setWireguardKey(family, key),
      onWorkloadEndpointStatus: (id, status) => {
        this.#reporter.onWorkloadEndpointStatus(id, status);
        this.#upEndpoints.onStatus(id, status);
      },
      onApplied: (revision) => {
        if (this.#parts.progress.appliedRevision === 0) this.#endpointFiles.open();
        this.#reporter.onApplied(revision);
      },
    };
  }

  #createPipeline(): Pipeline {
    const { config, settings, measures } = this.#parts;
    return createPipeline({
      hostname: this.#options.nodename,
      config,
      dataplane: measured(this.#dataplane, measures, this.#upEndpoints),
      log: this.#logFor('pipeline'),
      onBatch: createHang(() => settings.config.simulateGraphHangMs),
      onConfig: (next) => this.#takeStored(next),
    });
  }

  #takeStored(next: Resolved): void {
    const { settings } = this.#parts;
    settings.takeStored(next);
    this.#applyToProcess();
    const log = this.#logFor('agent');
    for (const problem of next.problems) log.warn({ problem }, 'configuration');
    const region = settings.openstackRegion;
    if (region !== next.config.openstackRegion)
      log.warn({ region }, 'OpenstackRegion stays as it is until the next start');
    const { reportingIntervalMs, reportingTtlMs, isEndpointReportingEnabled } = next.config;
    this.#heartbeat.configure({ intervalMs: reportingIntervalMs, ttlMs: reportingTtlMs });
    this.#reporter.reportEndpoints(isEndpointReportingEnabled);
    this.#timers.set('status', sweepPeriodMs(next.config), this.#reporter.sweep);
  }

  /** What needs no store. */
  #applyToProcess(): void {
    const { resolved } = this.#parts.settings;
    this.#options.setLogLevel(logLevelOf(resolved));
    this.#ports.configure(resolved.config);
  }

  #sink(): SyncSink {
    const { measures } = this.#parts;
    return {
      onUpdates: async (updates, revision) => {
        this.#ownNode.onUpdates(updates);
        const beganMs = performance.now();
        await this.#pipeline.onUpdates(updates, revision);
        const nowMs = performance.now();
        measures.onUpdates(updates, nowMs - beganMs, nowMs);
      },
      onStatus: async (status, revision) => {
        measures.onStatus(status);
        await this.#pipeline.onStatus(status, revision);
        if (status !== 'in-sync') return;
        this.#reporter.sweep();
        this.#ownNode.onInSync();
      },
    };
  }

  #readHits(): Promise<Hits | undefined> {
    return this.#dataplane.readHits?.() ?? Promise.resolve(undefined);
  }

  #describe() {
    return describeAgent(this.#parts, {
      pipeline: this.#pipeline,
      backend: this.#dataplane.backend,
      lastPass: this.#lastPass,
      bootRuleset: this.#saver?.status,
      health: this.#health,
      ports: this.#ports,
    });
  }

  #describeConfig() {
    const { settings, config } = this.#parts;
    const portProblems = Object.values(this.#ports.states()).flatMap(({ problem }) => problem ?? []);
    return { node: this.#options.nodename, ...settings.describe(config, portProblems) };
  }
}

function createParts(options: AgentOptions, following: AgentParts['following']): AgentParts {
  const config = createConfigSource(options.nodename, options.local);
  const settings = new SettingsInForce(config.resolve());
  const watch = new PassWatch(() => passTrouble(settings.config));
  const measures = new Measures();
  watch.onEnd((ms) => measures.onPassEnd(ms, performance.now()));
  const eventLoop = monitorEventLoopDelay({ resolution: lagResolutionMs });
  const mtuFile = createMtuFile(options.dataDir, options.log.child({ component: 'agent' }));
  return { options, config, settings, progress: createProgress(), watch, measures, eventLoop, mtuFile, following };
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
