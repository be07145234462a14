/**
 * One family's WireGuard: its device with key and peers, the routing table it has to itself, and the rule that leads there. I/O.
 * The private key is drawn here once and lives in the kernel's device alone; a device that is lost means a new key, which is told to the others.
 * What leaves through the device carries a mark, by which it goes past the rule.
 */
import { generateKeyPairSync } from 'node:crypto';
import type { Kernel, Link, Route, RouteOperation, RoutingRule, WireguardDevice } from '../../../../kernel/kernel.ts';
import type { FelixConfig } from '../../../model/config.ts';
import { allotMarks } from '../../../render/marks.ts';
import type { DataplaneReports, RouteTableSize } from '../../dataplane.ts';
import type { InterfaceTable } from '../interface-table.ts';
import { clusterProtocol, keyOfRoute } from './cluster-route-plan.ts';
import type { Mtus } from './mtu.ts';
import { ensureTunnelLink } from './tunnel-link.ts';
import { netOf, type TunnelState } from './tunnel-state.ts';
import { planWireguard, type WireguardPlan } from './wireguard-plan.ts';

export interface WireguardParts {
  readonly kernel: Kernel;
  readonly interfaces: InterfaceTable;
  readonly state: TunnelState;
  readonly reports: Pick<DataplaneReports, 'onWireguardKey'>;
}

/** Of the link alone, and there for a moment. */
const passingAddress = 'fe80::ca11/128';

export class Wireguard {
  readonly #parts: WireguardParts;
  readonly #family: 4 | 6;
  /** Nothing of ours is in the kernel. */
  #isClean = false;
  #table: RouteTableSize | undefined;

  constructor(parts: WireguardParts, family: 4 | 6) {
    this.#parts = parts;
    this.#family = family;
  }

  /** The table it keeps; undefined while it is off. */
  get tableSize(): RouteTableSize | undefined {
    return this.#table;
  }

  /** Brings the kernel to what is wanted; throws what it says. */
  async run(config: FelixConfig, mtus: Mtus): Promise<void> {
    const { state } = this.#parts;
    if (!state.isWireguard(config, this.#family)) {
      if (!this.#isClean) await this.#remove(config);
      this.#isClean = true;
      this.#table = undefined;
      return;
    }
    this.#isClean = false;
    const mark = allotMarks(config.markMask).wireguard;
    if (mark === 0) throw new Error('the mask of packet marks has no bit left for WireGuard');
    if (state.ownAddress(this.#family) === undefined) return;
    const link = await this.#ensureLink(config, mtus);
    const device = await this.#ensureKey(link.index, config, mark);
    this.#parts.reports.onWireguardKey?.(this.#family, device.publicKey);
    const rules = await this.#ownRules(config, mark);
    const table = rules[0]?.table ?? (await ownTables(this.#parts.kernel, this.#family, config, link.index))[0]?.table;
    await this.#fill(config, link, device, table ?? (await this.#freeTable(config)), rules);
  }

  async #fill(
    config: FelixConfig,
    link: Link,
    device: WireguardDevice,
    table: number,
    rules: readonly RoutingRule[],
  ): Promise<void> {
    const { state } = this.#parts;
    const shaken = device.peers.filter((peer) => peer.lastHandshakeSeconds > 0);
    const plan = planWireguard({
      ...{ state, config, family: this.#family, ifindex: link.index, table },
      shaken: new Set(shaken.map(({ publicKey }) => publicKey)),
    });
    if (config.isWireguardHostEncryptionEnabled) this.#prepareHost(link.name);
    await this.#syncRoutes(table, plan, 'gone');
    await this.#syncPeers(link.index, device, plan);
    const areRoutesNew = await this.#syncRoutes(table, plan, 'new');
    const isRuleNew = await this.#syncRule({ ...this.#rule(config, device.mark), table }, rules);
    if (this.#family === 6 && (areRoutesNew || isRuleNew)) await this.#renewChoices(link.index);
    this.#table = { family: this.#family, table, routes: plan.routes.size, links: 1 };
  }

  async #ensureLink(config: FelixConfig, mtus: Mtus): Promise<Link> {
    const { state } = this.#parts;
    const own = state.peers.get(`${this.#family} ${state.hostname}`)?.address;
    const address = config.isWireguardHostEncryptionEnabled ? undefined : own;
    return ensureTunnelLink(this.#parts, {
      link: { kind: 'wireguard', name: this.#nameOf(config), mtuBytes: mtus.wireguard[this.#family] },
      addresses: address === undefined ? [] : [netOf(address)],
    });
  }

  async #ensureKey(ifindex: number, config: FelixConfig, mark: number): Promise<WireguardDevice> {
    const { kernel } = this.#parts;
    const port = this.#family === 4 ? config.wireguardPort : config.wireguardPortV6;
    const found = await kernel.wireguard(ifindex);
    if (found === undefined) throw new Error('the device cannot be read');
    if (found.publicKey !== '' && found.port === port && found.mark === mark) return found;
    await kernel.changeWireguard(ifindex, {
      ...(found.publicKey === '' ? { privateKey: drawPrivateKey() } : {}),
      ...(found.port === port ? {} : { port }),
      mark,
    });
    return (await kernel.wireguard(ifindex)) ?? found;
  }

  async #syncPeers(ifindex: number, device: WireguardDevice, { peers }: WireguardPlan): Promise<void> {
    const there = new Map(device.peers.map((peer) => [peer.publicKey, peer]));
    const wanted = new Set(peers.map(({ publicKey }) => publicKey));
    const removedPeers = [...there.keys()].filter((key) => !wanted.has(key));
    const changed = peers.filter((peer) => {
      const known = there.get(peer.publicKey);
      return known === undefined || textOf(known) !== textOf(peer);
    });
    if (removedPeers.length + changed.length === 0) return;
    await this.#parts.kernel.changeWireguard(ifindex, { removedPeers, peers: changed });
  }

  /**
   * A socket keeps the route it has chosen until that one changes: in IPv6 neither a rule nor a route of another table makes it choose again, and a
   * connection would stay in plain text. An address that comes anywhere does.
   */
  async #renewChoices(ifindex: number): Promise<void> {
    const { kernel } = this.#parts;
    await kernel.addAddress(ifindex, passingAddress);
    await kernel.deleteAddress(ifindex, passingAddress);
  }

  /** The table is ours whole. True when there was something to write. */
  async #syncRoutes(table: number, { routes }: WireguardPlan, part: 'gone' | 'new'): Promise<boolean> {
    const there = new Map((await this.#routesIn(table)).map((route) => [keyOfRoute(route), route]));
    const operations: RouteOperation[] = [];
    if (part === 'gone') {
      for (const [key, route] of there) if (!routes.has(key)) operations.push({ type: 'delete-route', route });
    } else {
      for (const [key, route] of routes) {
        const known = there.get(key);
        const isSame = known?.type === route.type && known.oif === route.oif && known.protocol === route.protocol;
        if (!isSame) operations.push({ type: 'replace-route', route });
      }
    }
    await this.#write(operations);
    return operations.length > 0;
  }

  async #routesIn(table: number): Promise<Route[]> {
    return (await this.#parts.kernel.routes(this.#family)).filter((route) => route.table === table);
  }

  /** True when the rule was not there. */
  async #syncRule(wanted: RoutingRule, there: readonly RoutingRule[]): Promise<boolean> {
    const isThere = there.some((rule) => isSameRule(rule, wanted));
    const others = there.filter((rule) => !isSameRule(rule, wanted));
    const operations = others.map((rule): RouteOperation => ({ type: 'delete-rule', rule }));
    await this.#write([...(isThere ? [] : [{ type: 'add-rule', rule: wanted } as const]), ...operations]);
    return !isThere;
  }

  async #write(operations: readonly RouteOperation[]): Promise<void> {
    const outcomes = operations.length === 0 ? [] : await this.#parts.kernel.changeRoutes(operations);
    const refused = outcomes.find((refusal) => refusal !== undefined);
    if (refused !== undefined) throw new Error(`the kernel refuses a route or rule: ${refused.message}`);
  }

  #rule({ wireguardRulePriority: priority }: FelixConfig, mark: number): Omit<RoutingRule, 'table'> {
    return { family: this.#family, priority, mark, mask: mark, isInverted: true };
  }

  /** By what no other rule asks: everything without our mark, into a table we may use. Also of an earlier life. */
  async #ownRules({ routeTableRanges }: FelixConfig, mark: number): Promise<RoutingRule[]> {
    const mayUse = (table: number) => routeTableRanges.some(({ first, last }) => table >= first && table <= last);
    const rules = await this.#parts.kernel.rules(this.#family);
    return rules.filter((rule) => rule.isInverted && rule.mark === mark && rule.mask === mark && mayUse(rule.table));
  }

  async #freeTable({ routeTableRanges }: FelixConfig): Promise<number> {
    const { kernel } = this.#parts;
    const used = new Set((await kernel.routes(this.#family)).map(({ table }) => table));
    for (const { table } of await kernel.rules(this.#family)) used.add(table);
    for (const { first, last } of routeTableRanges) {
      for (let table = first; table <= last; table++) if (!used.has(table)) return table;
    }
    throw new Error('RouteTableRanges has no free table left for WireGuard');
  }

  /** Answers to marked packets are looked up with the mark; what comes through the device may come from a host we do not reach through it yet. */
  #prepareHost(name: string): void {
    const { kernel } = this.#parts;
    if (this.#family === 6) return;
    for (const [path, value] of [
      ['net/ipv4/conf/all/src_valid_mark', '1'],
      [`net/ipv4/conf/${name}/rp_filter`, '2'],
    ] as const) {
      if (kernel.readSysctl(path) !== value) kernel.writeSysctl(path, value);
    }
  }

  /** Rule first, so that nothing looks for what goes next. */
  async #remove(config: FelixConfig): Promise<void> {
    await removeWireguard(this.#parts.kernel, this.#family, config);
    this.#parts.reports.onWireguardKey?.(this.#family, '');
  }

  #nameOf(config: FelixConfig): string {
    return this.#family === 4 ? config.wireguardInterface : config.wireguardInterfaceV6;
  }
}

/** Rule, table and device, of an earlier life too. Doing it twice is fine. */
export async function removeWireguard(kernel: Kernel, family: 4 | 6, config: FelixConfig): Promise<void> {
  const { wireguard: mark } = allotMarks(config.markMask);
  const mayUse = (table: number) => config.routeTableRanges.some(({ first, last }) => table >= first && table <= last);
  const rules = (await kernel.rules(family)).filter(
    (rule) => rule.isInverted && mark !== 0 && rule.mark === mark && rule.mask === mark && mayUse(rule.table),
  );
  await kernel.changeRoutes(rules.map((rule) => ({ type: 'delete-rule', rule })));
  const name = family === 4 ? config.wireguardInterface : config.wireguardInterfaceV6;
  const link = (await kernel.links()).find((one) => one.name === name && one.kind === 'wireguard');
  const tables = new Set(rules.map(({ table }) => table));
  for (const { table } of await ownTables(kernel, family, config, link?.index)) tables.add(table);
  const routes = tables.size === 0 ? [] : (await kernel.routes(family)).filter((route) => tables.has(route.table));
  await kernel.changeRoutes(routes.map((route) => ({ type: 'delete-route', route })));
  if (link !== undefined) await kernel.deleteLink(link.index);
}

/** Tables we may use that hold nothing but what we write: where no rule says so any more, their content does. */
async function ownTables(kernel: Kernel, family: 4 | 6, config: FelixConfig, ifindex: number | undefined) {
  const protocol = clusterProtocol(config);
  const isOurs = ({ protocol: by, type, oif }: Route) =>
    by === protocol && (type === 'throw' || (oif !== undefined && oif === ifindex));
  const tables = Map.groupBy(await kernel.routes(family), ({ table }) => table);
  return [...tables]
    .filter(([table]) => config.routeTableRanges.some(({ first, last }) => table >= first && table <= last))
    .filter(([, routes]) => routes.every(isOurs))
    .map(([table]) => ({ table }));
}

function drawPrivateKey(): Uint8Array {
  const { d = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return Buffer.from(d, 'base64url');
}

function textOf({
  endpoint,
  keepAliveSeconds,
  allowedNets,
}: WireguardDevice['peers'][number] | WireguardPlan['peers'][number]) {
  return `${endpoint?.address} ${endpoint?.port} ${keepAliveSeconds} ${allowedNets.join(' ')}`;
}

function isSameRule(a: RoutingRule, b: RoutingRule): boolean {
  return a.priority === b.priority && a.table === b.table;
}
