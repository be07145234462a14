/**
 * Routes and neighbours of local workloads. I/O.
 * An address that goes or moves loses its route and then its connections before anything else may use it; a route waits for its link. An address
 * that comes from elsewhere loses the connections that led there once its route is in place.
 * What else is found on workload links goes after a grace period: the CNI plugin may have put it there before we knew the workload.
 */
import type { Kernel, Link, Neighbour, Route, RouteOperation } from '../../../kernel/kernel.ts';
import type { Logger } from '../../../lib/log.ts';
import type { FelixConfig } from '../../model/config.ts';
import type { Clock } from '../clock.ts';
import type { TimedWork } from '../dataplane.ts';
import { MultiMap } from '../multi-map.ts';
import type { InterfaceTable } from './interface-table.ts';
import { RepairPace } from './repair-pace.ts';
import { isInPlaceOf, isOurs, isSameRoute, singleAddressOf, workloadRoute } from './route-plan.ts';

const graceMs = 10_000;
const noMac = '00:00:00:00:00:00';

export interface WorkloadRoutesParts {
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly interfaces: InterfaceTable;
  readonly clock: Clock;
  readonly onDue: () => void;
  /** Another host may have had the address until now. */
  readonly mayComeFromElsewhere: (address: string) => boolean;
  readonly onTook?: ((work: TimedWork, ms: number) => void) | undefined;
}

interface Wanted {
  readonly destinations: readonly string[];
  readonly mac?: string;
}

export class WorkloadRoutes {
  readonly #parts: WorkloadRoutesParts;
  readonly #wanted = new Map<string, Wanted>();
  readonly #claims = new MultiMap();
  readonly #dirty = new Set<string>();
  /** Destinations nobody here wanted before, until their routes are in place. */
  readonly #arrived = new Set<string>();
  #hasRead = false;
  #isWelcoming = false;
  #isClosed = false;
  readonly #written = new Map<string, Route>();
  /** Destination -> the permanent neighbour it was given. */
  readonly #neighbours = new Map<string, string>();
  readonly #foreign = new Map<string, { readonly route: Route; readonly sinceMs: number }>();
  readonly #pace = new RepairPace();
  /** Destinations whose repair waits. */
  readonly #repairs = new Map<string, { cancel(): void }>();
  #timer: { cancel(): void } | undefined;

  constructor(parts: WorkloadRoutesParts) {
    this.#parts = parts;
  }

  /** What an interface's workload is to have; nothing when it has none. */
  want(interfaceName: string, wanted: Wanted | undefined): void {
    const before = this.#wanted.get(interfaceName)?.destinations ?? [];
    for (const destination of before) {
      this.#claims.delete(destination, interfaceName);
      this.#dirty.add(destination);
    }
    for (const destination of wanted?.destinations ?? []) {
      if (!before.includes(destination) && !this.isWanted(destination)) this.#arrived.add(destination);
    }
    if (wanted === undefined) this.#wanted.delete(interfaceName);
    else this.#wanted.set(interfaceName, wanted);
    for (const destination of wanted?.destinations ?? []) {
      this.#claims.add(destination, interfaceName);
      this.#dirty.add(destination);
    }
  }

  /** A workload of this host is to have a route to it. */
  isWanted(destination: string): boolean {
    return !this.#claims.get(destination)[Symbol.iterator]().next().done;
  }

  /** Routes the kernel has of us. */
  count(family: 4 | 6): number {
    let count = 0;
    for (const route of this.#written.values()) if (route.family === family) count++;
    return count;
  }

  /** The link came, went, or changed its state. */
  onLink(interfaceName: string): void {
    for (const destination of this.#wanted.get(interfaceName)?.destinations ?? []) this.#dirty.add(destination);
    for (const [destination, route] of this.#written) {
      if (this.#parts.interfaces.linkAt(route.oif ?? 0)?.isUp === true) continue;
      this.#written.delete(destination);
      this.#neighbours.delete(destination);
      this.#dirty.add(destination);
    }
  }

  /** Somebody changed a route; true when it concerns us. */
  onRoute(route: Route, isGone: boolean, config: FelixConfig): boolean {
    const written = this.#written.get(route.destination);
    if (!isGone && written !== undefined && isInPlaceOf(route, written)) {
      this.#written.delete(route.destination);
      return this.#repair(route.destination);
    }
    if (!isOurs(route, this.#linkOf(route), config)) return false;
    if (isGone) {
      this.#foreign.delete(keyOf(route));
      if (written === undefined || !isSameRoute(written, route)) return false;
      this.#written.delete(route.destination);
      return this.#repair(route.destination);
    }
    if (written === undefined || !isSameRoute(written, route)) this.#notice(route);
    return false;
  }

  /** Somebody changed a neighbour; true when it is one we gave. */
  onNeighbour(neighbour: Neighbour, isGone: boolean): boolean {
    const destination = `${neighbour.address}/32`;
    const given = this.#neighbours.get(destination);
    if (given === undefined || !given.startsWith(`${neighbour.ifindex} `)) return false;
    if (!isGone && neighbour.isPermanent && keyOfNeighbour(neighbour) === given) return false;
    this.#neighbours.delete(destination);
    return this.#repair(destination);
  }

  /** Reads the kernel's routes: adopts what is as wanted, notes what is foreign. */
  async resync(config: FelixConfig): Promise<void> {
    const { kernel, clock, onTook } = this.#parts;
    const beganMs = clock.now();
    const routes = [...(await kernel.routes(4)), ...(await kernel.routes(6))];
    onTook?.('route-resync', clock.now() - beganMs);
    this.#written.clear();
    this.#neighbours.clear();
    this.#foreign.clear();
    // of before we came nobody knows
    if (!this.#hasRead) this.#arrived.clear();
    this.#hasRead = true;
    for (const route of routes) {
      if (!isOurs(route, this.#linkOf(route), config)) continue;
      const wanted = this.#routeTo(route.destination, config);
      if (wanted !== undefined && isSameRoute(wanted, route)) this.#written.set(route.destination, route);
      else this.#notice(route);
    }
    for (const { destinations } of this.#wanted.values()) for (const one of destinations) this.#dirty.add(one);
  }

  /** Before the rules change: routes that go or move, then the connections of their addresses. */
  async removeBefore(config: FelixConfig): Promise<void> {
    const goes: Route[] = [];
    for (const destination of this.#dirty) {
      const written = this.#written.get(destination);
      const wanted = this.#routeTo(destination, config);
      if (written !== undefined && (wanted === undefined || wanted.oif !== written.oif)) goes.push(written);
    }
    await this.#remove([...goes, ...this.#expired()], config);
  }

  /** After the rules are in place: routes of links that are up, and neighbours whose address is known. */
  async addAfter(config: FelixConfig): Promise<void> {
    const operations: RouteOperation[] = [];
    const routes: (Route | undefined)[] = [];
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const destination of dirty) {
      const route = this.#routeTo(destination, config);
      const written = this.#written.get(destination);
      if (written !== undefined && written.oif !== route?.oif) {
        this.#postpone(destination);
        continue;
      }
      if (route === undefined) continue;
      if (written === undefined || !isSameRoute(written, route)) {
        operations.push({ type: 'replace-route', route });
        routes.push(route);
      }
      const neighbour = this.#neighbourOf(route);
      const key = neighbour && keyOfNeighbour(neighbour);
      if (neighbour === undefined || key === undefined || this.#neighbours.get(destination) === key) continue;
      this.#neighbours.set(destination, key);
      operations.push({ type: 'replace-neighbour', neighbour });
      routes.push(undefined);
    }
    const failed = await this.#send(operations, routes);
    for (const destination of failed) this.#dirty.add(destination);
    if (failed.length > 0) this.#arm();
    void this.#welcome();
  }

  /** Beside the passes: to read a large table of connections takes long, and nothing waits for it. */
  async #welcome(): Promise<void> {
    if (this.#isWelcoming) return;
    this.#isWelcoming = true;
    try {
      for (let here = this.#settled(); here.length > 0; here = this.#settled()) {
        const addresses = here.flatMap((destination) => this.#addressFromElsewhere(destination) ?? []);
        if (addresses.length > 0) await this.#parts.kernel.deleteConntrack(...addresses);
        for (const destination of here) this.#arrived.delete(destination);
      }
    } catch (error) {
      this.#parts.log.warn({ error: String(error) }, 'connections of addresses that arrived cannot be deleted');
      if (!this.#isClosed) this.#arm();
    } finally {
      this.#isWelcoming = false;
    }
  }

  /** Arrived, with a route in place; or nobody wants them any more. */
  #settled(): string[] {
    return [...this.#arrived].filter((one) => this.#written.has(one) || !this.isWanted(one));
  }

  #addressFromElsewhere(destination: string): string | undefined {
    const route = this.#written.get(destination);
    const address = route && singleAddressOf(route);
    return address !== undefined && this.#parts.mayComeFromElsewhere(address) ? address : undefined;
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const timer of this.#repairs.values()) timer.cancel();
  }

  /** True when a pass is to do it now. */
  #repair(destination: string): boolean {
    if (this.#repairs.has(destination)) return false;
    const { clock, onDue } = this.#parts;
    const delayMs = this.#pace.delayMs(destination, clock.now());
    if (delayMs === 0) {
      this.#dirty.add(destination);
      return true;
    }
    const timer = clock.after(delayMs, () => {
      this.#repairs.delete(destination);
      this.#dirty.add(destination);
      onDue();
    });
    this.#repairs.set(destination, timer);
    return false;
  }

  /** It went or moved after `removeBefore()`: the next pass takes it away first. */
  #postpone(destination: string): void {
    this.#dirty.add(destination);
    this.#parts.onDue();
  }

  async #send(operations: readonly RouteOperation[], routes: readonly (Route | undefined)[]): Promise<string[]> {
    if (operations.length === 0) return [];
    const failed: string[] = [];
    const results = await this.#parts.kernel.changeRoutes(operations);
    results.forEach((refusal, i) => {
      const route = routes[i];
      if (refusal === undefined && route !== undefined) this.#written.set(route.destination, route);
      if (refusal === undefined) return;
      this.#parts.log.warn({ operation: operations[i], code: refusal.code }, 'the kernel refuses a route or neighbour');
      if (route !== undefined) failed.push(route.destination);
    });
    return failed;
  }

  async #remove(routes: readonly Route[], config: FelixConfig): Promise<void> {
    if (routes.length === 0) return;
    await this.#parts.kernel.changeRoutes(routes.flatMap((route) => this.#removalOf(route)));
    const gone: string[] = [];
    for (const route of routes) {
      if (this.#written.get(route.destination) === route) this.#written.delete(route.destination);
      this.#foreign.delete(keyOf(route));
      const address = singleAddressOf(route);
      const stays = this.#routeTo(route.destination, config)?.oif === route.oif;
      if (address !== undefined && !stays) gone.push(address);
    }
    await this.#forgetConnections(gone);
  }

  async #forgetConnections(addresses: readonly string[]): Promise<void> {
    if (addresses.length === 0) return;
    const { kernel, clock, onTook } = this.#parts;
    const beganMs = clock.now();
    await kernel.deleteConntrack(...addresses);
    onTook?.('conntrack-cleanup', clock.now() - beganMs);
  }

  /** The route to a destination through the link that is to have it; of several links the youngest that is up. */
  #routeTo(destination: string, config: FelixConfig): Route | undefined {
    let best: Link | undefined;
    for (const name of this.#claims.get(destination)) {
      const link = this.#parts.interfaces.linkOf(name);
      if (link?.isUp === true && (best === undefined || link.index > best.index)) best = link;
    }
    return best && workloadRoute(destination, best, config);
  }

  /** With the neighbour we gave it: a permanent one would outlive the workload. */
  #removalOf(route: Route): RouteOperation[] {
    const removal: RouteOperation = { type: 'delete-route', route };
    const address = singleAddressOf(route);
    const link = this.#linkOf(route);
    if (address === undefined || link === undefined || !this.#neighbours.delete(route.destination)) return [removal];
    const neighbour = { family: route.family, ifindex: link.index, address, mac: noMac, isPermanent: true };
    return [removal, { type: 'delete-neighbour', neighbour }];
  }

  #neighbourOf(route: Route): Neighbour | undefined {
    const link = this.#linkOf(route);
    const mac = link && this.#wanted.get(link.name)?.mac;
    const address = singleAddressOf(route);
    if (link === undefined || mac === undefined || address === undefined || route.family !== 4) return undefined;
    return { family: 4, ifindex: link.index, address, mac, isPermanent: true };
  }

  #notice(route: Route): void {
    const key = keyOf(route);
    if (this.#foreign.has(key)) return;
    this.#foreign.set(key, { route, sinceMs: this.#parts.clock.now() });
    this.#arm();
  }

  /** Foreign routes whose time is up; those that became wanted are not foreign. */
  #expired(): Route[] {
    const nowMs = this.#parts.clock.now();
    const expired: Route[] = [];
    for (const [key, { route, sinceMs }] of this.#foreign) {
      const written = this.#written.get(route.destination);
      if (written !== undefined && isSameRoute(written, route)) this.#foreign.delete(key);
      else if (nowMs - sinceMs >= graceMs) expired.push(route);
    }
    return expired;
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.after(graceMs + 1, () => {
      this.#timer = undefined;
      this.#parts.onDue();
    });
  }

  #linkOf(route: Route): Link | undefined {
    return route.oif === undefined ? undefined : this.#parts.interfaces.linkAt(route.oif);
  }
}

function keyOfNeighbour({ ifindex, address, mac }: Neighbour): string {
  return `${ifindex} ${address} ${mac}`;
}

function keyOf({ destination, table, priority, oif, protocol }: Route): string {
  return `${destination} ${table} ${priority} ${oif ?? ''} ${protocol}`;
}
