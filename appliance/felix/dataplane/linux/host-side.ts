/**
 * What a workload needs of the host besides rules: routes, neighbours, sysctls; and the status of endpoints. I/O.
 * Order makes it safe: what goes loses its route and its connections before its rules change, what comes gets its route after its rules.
 */
import type { Kernel, KernelEvent } from '../../../kernel/kernel.ts';
import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Logger } from '../../../lib/log.ts';
import type { FelixConfig } from '../../model/config.ts';
import type { WorkloadEndpoint, WorkloadEndpointId } from '../../model/endpoint.ts';
import { printWorkloadEndpointId } from '../../model/endpoint.ts';
import type { Message } from '../../model/messages.ts';
import { anyInterface } from '../../render/host-resolution.ts';
import type { Clock } from '../clock.ts';
import type { DataplaneReports, RouteTableSize, TimedWork } from '../dataplane.ts';
import type { Work } from '../nftables/work.ts';
import { Bandwidths } from './bandwidth.ts';
import { EndpointStatuses, hostEndpointStatus } from './endpoint-status.ts';
import type { InterfaceTable } from './interface-table.ts';
import type { Sysctl } from './link-sysctls.ts';
import { hostSysctls, linkSysctls } from './link-sysctls.ts';
import type { LocalEndpoints } from './local-endpoints.ts';
import { Overlay } from './overlay/overlay.ts';
import { ProxyNeighbours } from './proxy-neighbours.ts';
import { destinationsOf, mainTable, redirectedAddresses } from './route-plan.ts';
import { SysctlWatch } from './sysctl-watch.ts';
import { WorkloadRoutes } from './workload-routes.ts';

export interface HostSideParts {
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly reports: DataplaneReports;
  readonly desired: LocalEndpoints;
  readonly interfaces: InterfaceTable;
  readonly clock: Clock;
  /** Something is to be done in a pass. */
  readonly onDue: () => void;
  /** How long it took. */
  readonly onTook?: ((work: TimedWork, ms: number) => void) | undefined;
}

const sysctlRetryMs = 5_000;

export class HostSide {
  readonly #parts: HostSideParts;
  readonly #routes: WorkloadRoutes;
  readonly #overlay: Overlay;
  readonly #proxies: ProxyNeighbours;
  readonly #statuses: EndpointStatuses;
  readonly #sysctls: SysctlWatch;
  readonly #bandwidths: Bandwidths;
  /** Interfaces to look after in the next pass, and those of this one: what happens during a pass belongs to the next. */
  #dirty = new Set<string>();
  #current = new Set<string>();
  readonly #gone = new Map<string, WorkloadEndpointId>();
  /** Floating addresses that lead elsewhere from the next rules on: connections keep the way they began with. */
  readonly #redirected = new Set<string>();
  /** Interface name -> the settings its link has. */
  readonly #configured = new Map<string, string>();
  #isResyncDue = true;
  #areHostEndpointsDirty = true;
  #toldResolution: LocalEndpoints['resolution'] | undefined;
  #hostRpFilter = '0';
  #retry: { cancel(): void } | undefined;

  constructor(parts: HostSideParts) {
    this.#parts = parts;
    this.#routes = new WorkloadRoutes({
      ...parts,
      mayComeFromElsewhere: (address) => !parts.desired.tunnels.isInOwnBlock(address),
    });
    this.#overlay = new Overlay({
      ...parts,
      state: parts.desired.tunnels,
      isLocal: (destination) => this.#routes.isWanted(destination),
    });
    this.#proxies = new ProxyNeighbours({
      ...parts,
      setSysctls: (link, sysctls) => {
        this.#writeSysctls(sysctls);
        this.#sysctls.expect(link, sysctls);
      },
    });
    this.#statuses = new EndpointStatuses(parts.reports);
    this.#sysctls = new SysctlWatch(parts);
    const linkOf = (name: string) => parts.interfaces.linkOf(name);
    this.#bandwidths = new Bandwidths({ kernel: parts.kernel, log: parts.log, linkOf });
  }

  /** Before the desired state takes the message: it still knows the endpoint as it was. */
  onMessage(message: Message): void {
    this.#overlay.onMessage(message);
    this.#proxies.onMessage(message);
    if (message.type === 'config-update') this.resync();
    if (message.type === 'host-endpoint-update' || message.type === 'host-endpoint-remove') {
      this.#areHostEndpointsDirty = true;
    }
    if (message.type !== 'workload-endpoint-update' && message.type !== 'workload-endpoint-remove') return;
    const text = printWorkloadEndpointId(message.id);
    const before = this.#parts.desired.workloads.get(text)?.endpoint;
    if (before !== undefined) this.#dirty.add(before.interfaceName);
    const after = message.type === 'workload-endpoint-update' ? message.endpoint : undefined;
    for (const external of redirectedAddresses(before, after)) this.#redirected.add(external);
    if (message.type === 'workload-endpoint-remove') {
      this.#gone.set(text, message.id);
      return;
    }
    this.#gone.delete(text);
    this.#dirty.add(message.endpoint.interfaceName);
  }

  /** `undefined`: any interface may have changed. */
  onInterface(name: string | undefined): void {
    this.#areHostEndpointsDirty = true;
    this.#overlay.onLink(name, this.#parts.desired.config);
    this.#proxies.onLink();
    if (name === undefined) {
      this.resync();
      return;
    }
    this.#configured.delete(name);
    this.#sysctls.expect(name, []);
    this.#routes.onLink(name);
    this.#bandwidths.onLink(name);
    this.#dirty.add(name);
  }

  onRoute({ route, isGone }: Extract<KernelEvent, { type: 'route' }>): boolean {
    const { config } = this.#parts.desired;
    if (config === undefined || config.isRouteSyncDisabled) return false;
    const isOverlays = this.#overlay.onRoute(route, isGone, config);
    return this.#routes.onRoute(route, isGone, config) || isOverlays;
  }

  onNeighbour({ neighbour, isGone }: Extract<KernelEvent, { type: 'neighbour' }>): boolean {
    return this.#parts.desired.config?.isRouteSyncDisabled === false && this.#routes.onNeighbour(neighbour, isGone);
  }

  /** `undefined`: of the host. */
  onSettings(name: string | undefined): void {
    this.#sysctls.look(name ?? '');
  }

  /** How many routes there are to be, by table. */
  routeSizes(): RouteTableSize[] {
    const links = [...this.#parts.interfaces.links()].length;
    const main = ([4, 6] as const).map((family) => {
      const routes = this.#routes.count(family) + this.#overlay.count(family);
      return { family, table: mainTable, routes, links };
    });
    return [...main, ...this.#overlay.wireguardTables()];
  }

  /** Everything is read and compared anew in the next pass. */
  resync(): void {
    this.#isResyncDue = true;
    this.#overlay.resync();
    for (const { endpoint } of this.#parts.desired.workloads.values()) this.#dirty.add(endpoint.interfaceName);
  }

  async removeBefore(config: FelixConfig): Promise<void> {
    for (const name of this.#dirty) this.#current.add(name);
    this.#dirty = new Set();
    await inSlices(this.#eachCurrent((name) => this.#want(name, config)));
    if (this.#isResyncDue) await this.#startOver(config);
    if (!config.isRouteSyncDisabled) await this.#routes.removeBefore(config);
    await this.#overlay.removeBefore(config);
  }

  async #startOver(config: FelixConfig): Promise<void> {
    this.#isResyncDue = false;
    this.#configureHost(config);
    await this.#bandwidths.resync();
    if (config.isRouteSyncDisabled) return;
    try {
      await this.#routes.resync(config);
    } catch (error) {
      this.#isResyncDue = true;
      throw error;
    }
  }

  async addAfter(config: FelixConfig): Promise<void> {
    await inSlices(this.#eachCurrent((name) => this.#configureLink(name, config)));
    await this.#bandwidths.apply();
    if (!config.isRouteSyncDisabled) await this.#routes.addAfter(config);
    await this.#endRedirected(config);
    await this.#overlay.addAfter(config);
    await this.#proxies.run(config);
    await inSlices(this.#tell());
    this.#current = new Set();
  }

  async #endRedirected({ areFloatingIpsEnabled }: FelixConfig): Promise<void> {
    const addresses = [...this.#redirected];
    if (areFloatingIpsEnabled && addresses.length > 0) await this.#parts.kernel.deleteConntrack(...addresses);
    for (const address of addresses) this.#redirected.delete(address);
  }

  close(): void {
    this.#retry?.cancel();
    this.#sysctls.close();
    this.#routes.close();
    this.#overlay.close();
    this.#proxies.close();
  }

  #want(name: string, config: FelixConfig): void {
    const endpoint = this.#parts.desired.workloadOf(name)?.endpoint;
    this.#bandwidths.want(name, endpoint?.isActive ? endpoint.qos : undefined);
    const destinations = endpoint === undefined ? [] : destinationsOf(endpoint, config);
    if (destinations.length === 0) this.#routes.want(name, undefined);
    else this.#routes.want(name, { destinations, ...(endpoint?.mac === undefined ? {} : { mac: endpoint.mac }) });
  }

  #configureHost(config: FelixConfig): void {
    this.#hostRpFilter = this.#parts.kernel.readSysctl('net/ipv4/conf/default/rp_filter')?.trim() ?? '0';
    this.#writeSysctls(hostSysctls(config));
    this.#sysctls.expect('', hostSysctls(config));
    this.#configured.clear();
  }

  #configureLink(name: string, config: FelixConfig): void {
    const endpoint = this.#parts.desired.workloadOf(name)?.endpoint;
    const link = this.#parts.interfaces.linkOf(name);
    if (endpoint === undefined) this.#sysctls.expect(name, []);
    if (endpoint === undefined || link?.isRunning !== true) return;
    const reversePathFilter = maySpoof(endpoint, config) ? '0' : this.#hostRpFilter;
    const key = `${link.index} ${reversePathFilter}`;
    if (this.#configured.get(name) === key) return;
    const { isIpv6Supported } = config;
    const sysctls = linkSysctls(name, { isIpv6Supported, reversePathFilter });
    this.#sysctls.expect(name, sysctls);
    if (this.#writeSysctls(sysctls)) this.#configured.set(name, key);
    else this.#retryLater(name);
  }

  #writeSysctls(sysctls: readonly Sysctl[]): boolean {
    let isDone = true;
    for (const { path, value, isOptional } of sysctls) {
      const problem = this.#parts.kernel.writeSysctl(path, value);
      if (problem === undefined || isOptional) continue;
      this.#parts.log.warn({ path, value, problem }, 'sysctl cannot be set');
      isDone = false;
    }
    return isDone;
  }

  #retryLater(name: string): void {
    this.#retry?.cancel();
    this.#retry = this.#parts.clock.after(sysctlRetryMs, () => {
      this.#dirty.add(name);
      this.#parts.onDue();
    });
  }

  *#tell(): Work {
    const { desired } = this.#parts;
    for (const id of this.#gone.values()) this.#statuses.tellWorkload(id, 'removed');
    this.#gone.clear();
    yield* this.#eachCurrent((name) => this.#tellWorkloads(name));
    if (this.#toldResolution !== desired.resolution || this.#areHostEndpointsDirty) this.#tellHostEndpoints();
    this.#toldResolution = desired.resolution;
    this.#areHostEndpointsDirty = false;
  }

  #tellWorkloads(name: string): void {
    const { desired } = this.#parts;
    const speaker = desired.workloadOf(name);
    for (const { id, endpoint } of desired.workloadsOn(name)) {
      const isUp = id === speaker?.id && endpoint.isActive && this.#isReady(name);
      this.#statuses.tellWorkload(id, isUp ? 'up' : 'down');
    }
  }

  /** Each may cost a system call or more, so each may be the last of a slice. */
  *#eachCurrent(visit: (name: string) => void): Work {
    for (const name of this.#current) {
      visit(name);
      yield;
    }
  }

  #isReady(name: string): boolean {
    return this.#configured.has(name) && this.#parts.interfaces.linkOf(name)?.isRunning === true;
  }

  #tellHostEndpoints(): void {
    const { desired, interfaces } = this.#parts;
    for (const name of this.#statuses.hostNames()) {
      if (!desired.hostEndpoints.has(name)) this.#statuses.tellHost({ name }, 'removed');
    }
    for (const name of desired.hostEndpoints.keys()) {
      const bound = [...desired.resolution].filter(([, owner]) => owner === name).map(([link]) => link);
      const links = bound.map((link) => interfaces.linkOf(link)).filter((link) => link !== undefined);
      const isAny = bound.includes(anyInterface);
      const status = hostEndpointStatus(
        isAny,
        links.map(({ isRunning }) => isRunning),
      );
      this.#statuses.tellHost({ name }, status);
    }
  }
}

function maySpoof(endpoint: WorkloadEndpoint, config: FelixConfig): boolean {
  return config.isSourceSpoofingAllowed && endpoint.allowSpoofedSourcePrefixes.length > 0;
}
