/**
 * The way between hosts: tunnel devices with what they know of the others, and the routes that lead into them. I/O.
 * A run compares what is wanted with what the kernel has and changes the difference. It has two halves, around the change of the rules: routes that go
 * (with the connections of their addresses) before, everything else after. Trouble here holds up no policy: it is logged, and tried again.
 */
import type { Kernel, Link, Route, RouteOperation } from '../../../../kernel/kernel.ts';
import type { Logger } from '../../../../lib/log.ts';
import type { FelixConfig } from '../../../model/config.ts';
import type { Message } from '../../../model/messages.ts';
import { isWorkloadLink } from '../../../model/workload-link.ts';
import type { Clock } from '../../clock.ts';
import type { DataplaneReports, RouteTableSize } from '../../dataplane.ts';
import type { InterfaceTable } from '../interface-table.ts';
import { singleAddressOf } from '../route-plan.ts';
import {
  isClusterRoute,
  isSameClusterRoute,
  isSingle,
  keyOfRoute,
  planClusterRoutes,
  type TunnelLinks,
} from './cluster-route-plan.ts';
import { type Mtus, planMtus } from './mtu.ts';
import { ensureTunnelLink, removeTunnelLink, setAddresses } from './tunnel-link.ts';
import { devices, isTunnelMessage, netOf, type TunnelState } from './tunnel-state.ts';
import { planVxlanPeers, syncVxlanPeers } from './vxlan-peers.ts';
import { Wireguard } from './wireguard.ts';

export interface OverlayParts {
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly interfaces: InterfaceTable;
  readonly clock: Clock;
  readonly state: TunnelState;
  /** A workload of this host has this destination. */
  readonly isLocal: (destination: string) => boolean;
  readonly onDue: () => void;
  readonly reports: Pick<DataplaneReports, 'onWorkloadMtu' | 'onWireguardKey'>;
}

const families = [4, 6] as const;
const retryMs = 5_000;
/** Nobody tells of changed neighbours and forwarding entries: they are looked at so often. */
const checkMs = 3_000;

export class Overlay {
  readonly #parts: OverlayParts;
  #isDirty = true;
  /** The run that has begun with `removeBefore`. */
  #isRunning = false;
  #expected = new Map<string, Route>();
  /** Of the kernel, as of the first half of a run. */
  #found = new Map<string, Route>();
  #timer: { cancel(): void } | undefined;
  #hasFailed = false;
  readonly #told = new Map<string, string>();
  #mtuBytes = 0;
  #isIpipOurs = false;
  readonly #wireguard: Readonly<Record<4 | 6, Wireguard>>;

  constructor(parts: OverlayParts) {
    this.#parts = parts;
    this.#wireguard = { 4: new Wireguard(parts, 4), 6: new Wireguard(parts, 6) };
  }

  onMessage(message: Message): void {
    if (message.type.startsWith('workload-endpoint-')) this.#isDirty ||= this.#concernsWorkloads();
    else if (isTunnelMessage(message) || message.type === 'config-update') this.#isDirty = true;
    else if (message.type === 'host-metadata-update' || message.type === 'host-metadata-remove') this.#isDirty = true;
  }

  /** `undefined`: any link may have changed. Links of workloads lead nowhere else. */
  onLink(name: string | undefined, config: FelixConfig | undefined): void {
    const isWorkload = name !== undefined && config !== undefined && isWorkloadLink(name, config);
    if (!isWorkload) this.#isDirty = true;
  }

  /** Somebody changed a route; true when it concerns us. */
  onRoute(route: Route, isGone: boolean, config: FelixConfig): boolean {
    const expected = this.#expected.get(keyOfRoute(route));
    const isExpected = expected !== undefined && isSameClusterRoute(expected, route);
    const isOurs = expected !== undefined || this.#isOurs(route, config, this.#links());
    if (!isOurs || isExpected !== isGone) return false;
    this.#isDirty = true;
    return true;
  }

  /** What there is of ours is read and compared anew. Of a host that has nothing, changes are told. */
  resync(): void {
    this.#isDirty ||= this.#expected.size > 0;
  }

  /** Before the rules change: routes that go, and the connections of single addresses that are no longer behind another host. */
  async removeBefore(config: FelixConfig): Promise<void> {
    if (!this.#isDirty || config.isRouteSyncDisabled) return;
    this.#isDirty = false;
    this.#isRunning = true;
    this.#hasFailed = false;
    await this.#attempt('routes', async () => {
      const links = this.#links();
      const wanted = this.#plan(config, links);
      await this.#read(config, links);
      const gone = [...this.#found].filter(([key]) => !wanted.has(key));
      await this.#write(gone.map(([, route]) => ({ type: 'delete-route', route })));
      const kept = new Set([...wanted.values()].map(({ destination }) => destination));
      for (const [key] of gone) this.#found.delete(key);
      const left = gone.filter(([, { destination }]) => !kept.has(destination));
      const addresses = left.flatMap(([, route]) => singleAddressOf(route) ?? []);
      if (addresses.length > 0) await this.#parts.kernel.deleteConntrack(...addresses);
    });
  }

  /** After the rules are in place: devices, what they know of the others, routes; then devices that are off. */
  async addAfter(config: FelixConfig): Promise<void> {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    const { interfaces, state } = this.#parts;
    const mtus = planMtus(interfaces.links(), config, state);
    if (mtus.workload !== this.#mtuBytes) this.#parts.reports.onWorkloadMtu?.(mtus.workload);
    this.#mtuBytes = mtus.workload;
    const links = { ...this.#links(), vxlan: { 4: undefined, 6: undefined } as Record<4 | 6, number | undefined> };
    for (const family of families) {
      await this.#attempt(devices.vxlan[family], async () => {
        links.vxlan[family] = (await this.#vxlan(family, config, mtus))?.index;
      });
    }
    await this.#attempt(devices.ipip, async () => {
      links.ipip = (await this.#ipip(config, mtus)) ?? links.ipip;
    });
    await this.#attempt('routes', () => this.#addRoutes(config, links));
    for (const family of families) {
      await this.#attempt(`wireguard IPv${family}`, () => this.#wireguard[family].run(config, mtus));
    }
    this.#arm(config);
  }

  /** Cluster routes of the main table. */
  count(family: 4 | 6): number {
    let count = 0;
    for (const route of this.#expected.values()) if (route.family === family) count++;
    return count;
  }

  wireguardTables(): RouteTableSize[] {
    return families.flatMap((family) => this.#wireguard[family].tableSize ?? []);
  }

  close(): void {
    this.#timer?.cancel();
  }

  /** Their own routes come before ours to a single address. */
  #concernsWorkloads(): boolean {
    for (const { destination } of this.#parts.state.routes.values()) if (isSingle(destination)) return true;
    return false;
  }

  #links(): TunnelLinks {
    const { interfaces, state } = this.#parts;
    const indexOf = (name: string) => interfaces.linkOf(name)?.index;
    const parentOf = (family: 4 | 6) => {
      const address = state.ownAddress(family);
      return address === undefined ? undefined : interfaces.linkWith(address)?.index;
    };
    return {
      vxlan: { 4: indexOf(devices.vxlan[4]), 6: indexOf(devices.vxlan[6]) },
      ipip: indexOf(devices.ipip),
      parent: { 4: parentOf(4), 6: parentOf(6) },
    };
  }

  #plan(config: FelixConfig, links: TunnelLinks): Map<string, Route> {
    const { state, isLocal } = this.#parts;
    return planClusterRoutes({ state, config, links, isLocal });
  }

  #isOurs(route: Route, config: FelixConfig, links: TunnelLinks): boolean {
    return isClusterRoute(route, config, links, (index) => {
      const name = this.#parts.interfaces.linkAt(index)?.name ?? '';
      return isWorkloadLink(name, config);
    });
  }

  async #read(config: FelixConfig, links: TunnelLinks): Promise<void> {
    this.#found = new Map();
    for (const family of families) {
      for (const route of await this.#parts.kernel.routes(family)) {
        if (this.#isOurs(route, config, links)) this.#found.set(keyOfRoute(route), route);
      }
    }
  }

  async #addRoutes(config: FelixConfig, links: TunnelLinks): Promise<void> {
    const wanted = this.#plan(config, links);
    this.#expected = wanted;
    const news = [...wanted].filter(([key, route]) => {
      const found = this.#found.get(key);
      return found === undefined || !isSameClusterRoute(found, route);
    });
    await this.#write(news.map(([, route]) => ({ type: 'replace-route', route })));
  }

  async #write(operations: readonly RouteOperation[]): Promise<void> {
    const outcomes = operations.length === 0 ? [] : await this.#parts.kernel.changeRoutes(operations);
    const refused = outcomes.flatMap((refusal) => (refusal === undefined ? [] : [refusal]));
    const [first] = refused;
    if (first === undefined) return;
    const { log } = this.#parts;
    log.debug({ operation: operations[first.index], code: first.code, refused: refused.length }, 'routes are refused');
    throw new Error(`the kernel refuses ${refused.length} of ${operations.length}: ${first.message}`);
  }

  /** Undefined while it is off, or cannot be there yet: without this host's address, its link, or the tunnel's address. */
  async #vxlan(family: 4 | 6, config: FelixConfig, mtus: Mtus): Promise<Link | undefined> {
    const { kernel, interfaces, state } = this.#parts;
    const name = devices.vxlan[family];
    if (!state.isVxlan(config, family)) {
      await removeTunnelLink(this.#parts, name, 'vxlan');
      return undefined;
    }
    const end = state.vtepOf(state.hostname, family);
    const parent = end && interfaces.linkWith(end.nodeAddress)?.index;
    if (end === undefined || parent === undefined) return undefined;
    const { vxlanVni: vni, vxlanPort: port } = config;
    const vxlan = { vni, port, local: end.nodeAddress, parent, isLearning: false };
    const link = await ensureTunnelLink(this.#parts, {
      link: { kind: 'vxlan', name, mac: end.mac, mtuBytes: mtus.vxlan[family], vxlan },
      addresses: [netOf(end.address)],
    });
    const refused = await syncVxlanPeers(kernel, family, link.index, planVxlanPeers(state, family, link.index));
    if (refused.length > 0) throw new Error(refused[0]);
    return link;
  }

  /** The device is the kernel's own and stays when the tunnel is off, without our address. */
  async #ipip(config: FelixConfig, mtus: Mtus): Promise<number | undefined> {
    const { kernel, interfaces, state } = this.#parts;
    if (!state.isIpip(config)) {
      const left = this.#isIpipOurs ? interfaces.linkOf(devices.ipip) : undefined;
      this.#isIpipOurs = false;
      if (left !== undefined) await setAddresses(kernel, left.index, []);
      return undefined;
    }
    const address = state.hosts.get(state.hostname)?.ipipTunnelAddress;
    const link = await ensureTunnelLink(this.#parts, {
      link: { kind: 'ipip', name: devices.ipip, mtuBytes: mtus.ipip },
      ...(address === undefined ? {} : { addresses: [netOf(address)] }),
    });
    this.#isIpipOurs = true;
    return link.index;
  }

  /** Whatever goes wrong is said once and tried again. */
  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#told.delete(what);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (this.#told.get(what) !== problem)
        this.#parts.log.warn({ what, problem }, 'the way between hosts is incomplete');
      this.#told.set(what, problem);
      this.#hasFailed = true;
    }
  }

  #arm(config: FelixConfig): void {
    this.#timer?.cancel();
    const { state, clock } = this.#parts;
    const isOn = families.some((family) => state.isVxlan(config, family) || state.isWireguard(config, family));
    if (!isOn && !this.#hasFailed) return;
    this.#timer = clock.after(isOn ? checkMs : retryMs, () => {
      this.#isDirty = true;
      this.#parts.onDue();
    });
  }
}
