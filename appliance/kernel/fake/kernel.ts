/**
 * The port to the kernel, kept in memory: for tests and dry runs. It refuses what the real one refuses; both pass the same
 * suite (`test/contract/kernel.ts`). What nobody asks the kernel for (links, addresses, connections) is set from outside.
 */
import { createPublicKey } from 'node:crypto';
import type {
  Announcement,
  Connection,
  ForwardingEntry,
  InterfaceAddress,
  Kernel,
  KernelEvent,
  Link,
  LinkChange,
  Neighbour,
  NewLink,
  ProxyEntry,
  Qdisc,
  Route,
  RouteOperation,
  RoutingRule,
  TokenBucket,
  TrafficOperation,
  WireguardChange,
  WireguardDevice,
  WireguardDevicePeer,
} from '../kernel.ts';
import { refused } from '../netlink/dump.ts';
import { FakeNft } from './nft.ts';

export interface FakeKernel extends Kernel {
  readonly nft: FakeNft;
  /** Adds or changes a link, as seen by listeners. A link that goes down loses its routes. */
  setLink(link: Link): void;
  /** Removes a link with its addresses, routes and neighbours. */
  removeLink(name: string): void;
  setAddress(address: InterfaceAddress): void;
  /** Adds a tracked connection by its original and reply sources. */
  addConnection(original: string, reply: string, more?: Partial<Connection>): void;
  /** What was announced: `ifindex address`. */
  readonly announcements: readonly string[];
  /** What shapes traffic, with what the port does not tell. */
  traffic(): readonly FakeQdisc[];
}

export interface FakeQdisc extends Qdisc {
  readonly bucket?: TokenBucket;
  /** Where what comes in goes first. */
  readonly redirect?: number;
}

/** An empty kernel: no tables, no links. */
export function createFakeKernel(): FakeKernel {
  return new InMemoryKernel();
}

class InMemoryKernel implements FakeKernel {
  readonly nft = new FakeNft();
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, InterfaceAddress>();
  readonly #routes = new Map<string, Route>();
  readonly #neighbours = new Map<string, Neighbour>();
  readonly #qdiscs = new Map<string, FakeQdisc>();
  readonly #forwarding = new Map<string, ForwardingEntry>();
  readonly #proxies = new Map<string, ProxyEntry>();
  readonly #rules = new Map<string, RoutingRule>();
  readonly #wireguard = new Map<number, WireguardDevice>();
  readonly #sysctls = new Map<string, string>([['net/ipv4/ip_forward', '0']]);
  readonly #listeners = new Set<(event: KernelEvent) => void>();
  #connections: Connection[] = [];

  links = async () => [...this.#links.values()];
  addresses = async () => [...this.#addresses.values()];
  routes = async (family: 4 | 6) => [...this.#routes.values()].filter((route) => route.family === family);

  async neighbours(family: 4 | 6, ifindex: number) {
    return [...this.#neighbours.values()].filter((entry) => entry.family === family && entry.ifindex === ifindex);
  }

  proxyEntries = async (family: 4 | 6) => [...this.#proxies.values()].filter((entry) => entry.family === family);

  /** What was announced: `ifindex address`. */
  readonly announcements: string[] = [];

  announce({ ifindex, address }: Announcement): void {
    this.announcements.push(`${ifindex} ${address}`);
  }

  #changeProxy({ type, proxy }: Extract<RouteOperation, { proxy: ProxyEntry }>): string | undefined {
    const key = `${proxy.ifindex} ${proxy.address}`;
    if (type === 'delete-proxy') this.#proxies.delete(key);
    else if (!this.#links.has(proxy.ifindex)) return 'ENODEV';
    else this.#proxies.set(key, proxy);
    return undefined;
  }

  async changeRoutes(operations: readonly RouteOperation[]) {
    return operations.map((operation, index) => {
      const code = this.#changeOne(operation);
      return code === undefined ? undefined : { index, code, message: code };
    });
  }

  #changeOne(operation: RouteOperation): string | undefined {
    if ('route' in operation) return this.#changeRoute(operation);
    if ('neighbour' in operation) return this.#changeNeighbour(operation);
    if ('proxy' in operation) return this.#changeProxy(operation);
    if ('forwarding' in operation) return this.#changeForwarding(operation);
    const key = JSON.stringify(operation.rule);
    if (operation.type === 'add-rule') this.#rules.set(key, operation.rule);
    else this.#rules.delete(key);
    return undefined;
  }

  #changeForwarding({
    type,
    forwarding,
  }: Extract<RouteOperation, { forwarding: ForwardingEntry }>): string | undefined {
    const key = `${forwarding.ifindex} ${forwarding.mac}`;
    if (type === 'delete-forwarding') this.#forwarding.delete(key);
    else if (!this.#links.has(forwarding.ifindex)) return 'ENODEV';
    else this.#forwarding.set(key, forwarding);
    return undefined;
  }

  async forwardingEntries(ifindex: number) {
    return [...this.#forwarding.values()].filter((entry) => entry.ifindex === ifindex);
  }

  async rules(family: 4 | 6) {
    return [...this.#rules.values()].filter((rule) => rule.family === family);
  }

  async addLink(link: NewLink) {
    if (this.#byName(link.name) !== undefined) throw refused('EEXIST', 'File exists');
    const index = Math.max(0, ...this.#links.keys()) + 1;
    const { kind, name, mtuBytes } = link;
    const more = link.kind === 'vxlan' ? { mac: link.mac, vxlan: link.vxlan } : { mac: '' };
    this.setLink({ index, kind, name, mtuBytes, ...more, isUp: false, isRunning: false });
    if (kind === 'wireguard') this.#wireguard.set(index, { publicKey: '', port: 0, mark: 0, peers: [] });
  }

  async changeLink(ifindex: number, { isUp, ...change }: LinkChange) {
    const link = this.#links.get(ifindex);
    if (link === undefined) throw refused('ENODEV', 'No such device');
    this.setLink({ ...link, ...change, ...(isUp === undefined ? {} : { isUp, isRunning: isUp }) });
  }

  async deleteLink(ifindex: number) {
    const link = this.#links.get(ifindex);
    if (link !== undefined) this.removeLink(link.name);
  }

  async addAddress(ifindex: number, prefix: string) {
    if (!this.#links.has(ifindex)) throw refused('ENODEV', 'No such device');
    const family = prefix.includes(':') ? 6 : 4;
    if (!this.#addresses.has(`${ifindex} ${prefix}`)) this.setAddress({ family, ifindex, prefix });
  }

  async deleteAddress(ifindex: number, prefix: string) {
    const key = `${ifindex} ${prefix}`;
    const address = this.#addresses.get(key);
    if (address === undefined) return;
    this.#addresses.delete(key);
    this.#tell({ type: 'address', address, isGone: true });
  }

  async wireguard(ifindex: number) {
    return this.#wireguard.get(ifindex);
  }

  async changeWireguard(ifindex: number, change: WireguardChange) {
    const device = this.#wireguard.get(ifindex);
    if (device === undefined) throw refused('ENODEV', 'No such device');
    const { privateKey, port = device.port, mark = device.mark, peers = [], removedPeers = [] } = change;
    const all = new Map<string, WireguardDevicePeer>(device.peers.map((peer) => [peer.publicKey, peer]));
    for (const key of removedPeers) all.delete(key);
    for (const peer of peers) {
      const none = { lastHandshakeSeconds: 0, receivedBytes: 0n, sentBytes: 0n };
      all.set(peer.publicKey, { ...(all.get(peer.publicKey) ?? none), ...peer });
    }
    const publicKey = privateKey === undefined ? device.publicKey : publicKeyOf(privateKey);
    this.#wireguard.set(ifindex, { publicKey, port, mark, peers: [...all.values()] });
  }

  #changeRoute({ type, route }: Extract<RouteOperation, { route: Route }>): string | undefined {
    const kept = route.family === 6 && route.priority === 0 ? { ...route, priority: 1024 } : route;
    const key = `${kept.family} ${kept.table} ${kept.destination} ${kept.priority}`;
    const there = this.#routes.get(key);
    if (type === 'delete-route') {
      if (there !== undefined && there.oif === kept.oif && there.type === kept.type) this.#dropRoute(key, there);
      return undefined;
    }
    const link = kept.oif === undefined ? undefined : this.#links.get(kept.oif);
    if (kept.oif !== undefined && link === undefined) return 'ENODEV';
    if (link !== undefined && !link.isUp) return 'ENETDOWN';
    this.#routes.set(key, kept);
    this.#tell({ type: 'route', route: kept, isGone: false });
    return undefined;
  }

  #dropRoute(key: string, route: Route): void {
    this.#routes.delete(key);
    this.#tell({ type: 'route', route, isGone: true });
  }

  #changeNeighbour({ type, neighbour }: Extract<RouteOperation, { neighbour: Neighbour }>): string | undefined {
    const key = `${neighbour.ifindex} ${neighbour.address}`;
    const there = this.#neighbours.get(key);
    if (type === 'delete-neighbour') {
      if (there === undefined) return undefined;
      this.#neighbours.delete(key);
      this.#tell({ type: 'neighbour', neighbour: there, isGone: true });
      return undefined;
    }
    if (!this.#links.has(neighbour.ifindex)) return 'ENODEV';
    this.#neighbours.set(key, neighbour);
    this.#tell({ type: 'neighbour', neighbour, isGone: false });
    return undefined;
  }

  async qdiscs() {
    return [...this.#qdiscs.values()].map(
      ({ ifindex, kind, handle, place }): Qdisc => ({ ifindex, kind, handle, place }),
    );
  }

  async changeTraffic(operations: readonly TrafficOperation[]) {
    return operations.map((operation, index) => {
      const code = this.#changeTraffic(operation);
      return code === undefined ? undefined : { index, code, message: code };
    });
  }

  #changeTraffic(operation: TrafficOperation): string | undefined {
    if (operation.type === 'add-ifb') return this.#addIfb(operation.name, operation.mtuBytes);
    const { ifindex } = operation;
    const link = this.#links.get(ifindex);
    if (operation.type === 'delete-ifb') {
      if (link !== undefined) this.removeLink(link.name);
      return undefined;
    }
    if (operation.type === 'delete-qdisc') {
      this.#qdiscs.delete(`${ifindex} ${operation.place}`);
      return undefined;
    }
    if (link === undefined) return 'ENODEV';
    if (operation.type === 'replace-token-bucket') {
      const { handle, bucket } = operation;
      this.#qdiscs.set(`${ifindex} root`, { ifindex, kind: 'tbf', handle, place: 'root', bucket });
    } else if (operation.type === 'add-ingress') {
      const key = `${ifindex} ingress`;
      const ingress = { ifindex, kind: 'ingress', handle: 0xffff0000, place: 'ingress' } as const;
      if (!this.#qdiscs.has(key)) this.#qdiscs.set(key, ingress);
    } else return this.#addRedirect(ifindex, operation.to);
    return undefined;
  }

  #addIfb(name: string, mtuBytes: number): string | undefined {
    if (this.#byName(name) !== undefined) return 'EEXIST';
    const index = Math.max(0, ...this.#links.keys()) + 1;
    this.setLink({ index, name, kind: 'ifb', mac: '02:00:00:00:00:99', mtuBytes, isUp: true, isRunning: true });
    return undefined;
  }

  #addRedirect(ifindex: number, to: number): string | undefined {
    const ingress = this.#qdiscs.get(`${ifindex} ingress`);
    if (ingress === undefined || !this.#links.has(to)) return ingress === undefined ? 'EINVAL' : 'ENODEV';
    if (ingress.redirect !== undefined) return 'EEXIST';
    this.#qdiscs.set(`${ifindex} ingress`, { ...ingress, redirect: to });
    return undefined;
  }

  traffic() {
    return [...this.#qdiscs.values()];
  }

  /** Per-interface sysctls exist as long as their link does; their names are not checked. */
  writeSysctl(path: string, value: string): string | undefined {
    if (!this.#hasSysctl(path)) return `ENOENT: no such file or directory, open '/proc/sys/${path}'`;
    const isNews = this.readSysctl(path) !== value;
    this.#sysctls.set(path, value);
    const [, family, name] =
      /^net\/ipv([46])\/conf\/([^/]+)\/(?:forwarding|rp_filter|proxy_arp|proxy_ndp)$/.exec(path) ?? [];
    const link = name === undefined ? undefined : this.#byName(name);
    if (isNews && link !== undefined) {
      this.#tell({ type: 'settings', family: family === '4' ? 4 : 6, ifindex: link.index });
    }
    return undefined;
  }

  readSysctl(path: string): string | undefined {
    return this.#hasSysctl(path) ? (this.#sysctls.get(path) ?? '0') : undefined;
  }

  #hasSysctl(path: string): boolean {
    const name = /^net\/ipv[46]\/(?:conf|neigh)\/([^/]+)\/[a-z_]+$/.exec(path)?.[1];
    if (name === undefined) return this.#sysctls.has(path);
    return name === 'all' || name === 'default' || this.#byName(name) !== undefined;
  }

  #byName(name: string): Link | undefined {
    return [...this.#links.values()].find((link) => link.name === name);
  }

  async deleteConntrack(...addresses: readonly string[]) {
    const gone = new Set(addresses);
    const kept = this.#connections.filter((one) => !isOf(one, gone) && !gone.has(one.original.destination));
    const deleted = this.#connections.length - kept.length;
    this.#connections = kept;
    return deleted;
  }

  async connections(addresses?: ReadonlySet<string>) {
    return this.#connections.filter((connection) => addresses === undefined || isOf(connection, addresses));
  }

  async countMarked(bit: number) {
    return this.#connections.filter(({ mark }) => (mark & bit) !== 0).length;
  }

  async markConnections(connections: readonly Connection[], { mark, mask }: { mark: number; mask: number }) {
    const names = new Set(connections.map(({ name }) => name));
    const isMarked = ({ name }: Connection) => names.has(name);
    const before = this.#connections;
    this.#connections = before.map((one) =>
      isMarked(one) ? { ...one, mark: ((one.mark & ~mask) | (mark & mask)) >>> 0 } : one,
    );
    return before.filter(isMarked).length;
  }

  listen(onEvent: (event: KernelEvent) => void, types?: readonly KernelEvent['type'][]) {
    const listener = (event: KernelEvent) => {
      if (types?.includes(event.type) ?? true) onEvent(event);
    };
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  close(): void {
    this.#listeners.clear();
  }

  setLink(link: Link): void {
    this.#links.set(link.index, link);
    this.#tell({ type: 'link', link, isGone: false });
    if (!link.isUp) this.#dropRoutes(link.index);
  }

  removeLink(name: string): void {
    const link = this.#byName(name);
    if (link === undefined) return;
    this.#dropRoutes(link.index);
    for (const [key, address] of this.#addresses) {
      if (address.ifindex !== link.index) continue;
      this.#addresses.delete(key);
      this.#tell({ type: 'address', address, isGone: true });
    }
    for (const [key, { ifindex }] of this.#qdiscs) if (ifindex === link.index) this.#qdiscs.delete(key);
    for (const [key, entry] of this.#neighbours) if (entry.ifindex === link.index) this.#neighbours.delete(key);
    for (const [key, entry] of this.#proxies) if (entry.ifindex === link.index) this.#proxies.delete(key);
    for (const [key, entry] of this.#forwarding) if (entry.ifindex === link.index) this.#forwarding.delete(key);
    this.#wireguard.delete(link.index);
    this.#links.delete(link.index);
    this.#tell({ type: 'link', link: { ...link, isUp: false, isRunning: false }, isGone: true });
  }

  #dropRoutes(ifindex: number): void {
    for (const [key, route] of this.#routes) if (route.oif === ifindex) this.#dropRoute(key, route);
  }

  setAddress(address: InterfaceAddress): void {
    this.#addresses.set(`${address.ifindex} ${address.prefix}`, address);
    this.#tell({ type: 'address', address, isGone: false });
  }

  addConnection(original: string, reply: string, more: Partial<Connection> = {}): void {
    this.#connections.push({
      family: original.includes(':') ? 6 : 4,
      protocol: 17,
      original: { source: original, destination: reply },
      reply: { source: reply, destination: original },
      status: 0,
      mark: 0,
      name: { tuple: Uint8Array.of(this.#connections.length) },
      ...more,
    });
  }

  /** Later, as the real one does. */
  #tell(event: KernelEvent): void {
    for (const listener of this.#listeners) {
      queueMicrotask(() => {
        if (this.#listeners.has(listener)) listener(event);
      });
    }
  }
}

function isOf({ original, reply }: Connection, addresses: ReadonlySet<string>): boolean {
  return addresses.has(original.source) || addresses.has(reply.source);
}

/** As the kernel derives it; 302e... begins a raw X25519 key in PKCS #8. */
function publicKeyOf(privateKey: Uint8Array): string {
  const key = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), privateKey]);
  const { x = '' } = createPublicKey({ key, format: 'der', type: 'pkcs8' } as never).export({ format: 'jwk' });
  return Buffer.from(x, 'base64url').toString('base64');
}
