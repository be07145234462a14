/**
 * Answers on the host's own links for workloads whose addresses lie in the network of the link, so that neighbours there reach them without a route
 * (LocalSubnetL2Reachability): the kernel's proxy entries, and an announcement when an address comes and again from time to time. I/O.
 * Entries of ours carry our protocol number. Source: felix, interface management.
 */
import type { InterfaceAddress, Kernel, Link, ProxyEntry } from '../../../kernel/kernel.ts';
import { contains, type Prefix, parsePrefix } from '../../../lib/ip/address.ts';
import type { Logger } from '../../../lib/log.ts';
import type { FelixConfig } from '../../model/config.ts';
import type { Message } from '../../model/messages.ts';
import { isWorkloadLink } from '../../model/workload-link.ts';
import type { Clock } from '../clock.ts';
import type { InterfaceTable } from './interface-table.ts';
import type { Sysctl } from './link-sysctls.ts';
import type { LocalEndpoints } from './local-endpoints.ts';
import { protocolCluster } from './overlay/cluster-route-plan.ts';

export interface ProxyNeighboursParts {
  readonly kernel: Pick<Kernel, 'addresses' | 'proxyEntries' | 'changeRoutes' | 'announce'>;
  readonly log: Logger;
  readonly desired: LocalEndpoints;
  readonly interfaces: InterfaceTable;
  readonly clock: Clock;
  readonly onDue: () => void;
  /** Sets these of a link, and keeps them so. */
  readonly setSysctls: (link: string, sysctls: readonly Sysctl[]) => void;
}

const families = [4, 6] as const;
const retryMs = 5_000;

interface Wanted {
  readonly entry: ProxyEntry;
  readonly link: Link;
}

export class ProxyNeighbours {
  readonly #parts: ProxyNeighboursParts;
  readonly #pools = new Map<string, Prefix>();
  #isDirty = true;
  /** Nothing of ours is in the kernel. */
  #isClean = false;
  #wanted: readonly Wanted[] = [];
  #addresses: readonly InterfaceAddress[] = [];
  #refresh: { cancel(): void } | undefined;
  #retry: { cancel(): void } | undefined;
  #refreshMs = 0;

  constructor(parts: ProxyNeighboursParts) {
    this.#parts = parts;
  }

  onMessage(message: Message): void {
    if (message.type === 'ip-pool-update') {
      const { cidr, ipipMode, vxlanMode } = message.pool;
      const range = ipipMode === 'Never' && vxlanMode === 'Never' ? parsePrefix(cidr) : undefined;
      if (range === undefined) this.#pools.delete(message.id);
      else this.#pools.set(message.id, range);
    } else if (message.type === 'ip-pool-remove') this.#pools.delete(message.id);
    else if (!message.type.startsWith('workload-endpoint-') && message.type !== 'config-update') return;
    this.#isDirty = true;
  }

  /** A link, or its addresses, may have changed. */
  onLink(): void {
    this.#isDirty = true;
  }

  /** After routes are in place. Trouble is logged, and tried again. */
  async run(config: FelixConfig): Promise<void> {
    if (!this.#isDirty || (!config.isLocalSubnetReachable && this.#isClean)) return;
    this.#isDirty = false;
    try {
      await this.#settle(config);
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      this.#parts.log.warn({ problem }, 'neighbours are not all answered for workloads');
      this.#retry?.cancel();
      this.#retry = this.#parts.clock.after(retryMs, () => {
        this.#isDirty = true;
        this.#parts.onDue();
      });
    }
  }

  close(): void {
    this.#refresh?.cancel();
    this.#retry?.cancel();
  }

  async #settle(config: FelixConfig): Promise<void> {
    const { kernel } = this.#parts;
    const isOn = config.isLocalSubnetReachable;
    this.#addresses = isOn ? await kernel.addresses() : [];
    const wanted = isOn ? this.#plan(config) : new Map<string, Wanted>();
    const found = new Map((await readOurs(kernel)).map((entry) => [keyOf(entry), entry]));
    const gone = [...found].filter(([key]) => !wanted.has(key));
    const news = [...wanted].filter(([key]) => !found.has(key)).map(([, one]) => one);
    const outcomes = await kernel.changeRoutes([
      ...gone.map(([, proxy]) => ({ type: 'delete-proxy', proxy }) as const),
      ...news.map(({ entry: proxy }) => ({ type: 'add-proxy', proxy }) as const),
    ]);
    const refusal = outcomes.find((outcome) => outcome !== undefined);
    if (refusal !== undefined) throw new Error(`the kernel refuses: ${refusal.message}`);
    this.#prepareLinks([...wanted.values()]);
    this.#wanted = [...wanted.values()];
    this.#isClean = !isOn;
    for (const one of news) this.#announce(one);
    this.#arm(isOn ? config.localSubnetRefreshMs : 0);
  }

  /** For each address of a workload of ours from a pool without encapsulation: the links in whose networks it lies. */
  #plan(config: FelixConfig): Map<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    const nets = [...this.#hostNets(config)];
    const own = new Set(this.#addresses.map(({ prefix }) => prefix.split('/')[0]));
    for (const { endpoint } of this.#parts.desired.workloads.values()) {
      if (!endpoint.isActive) continue;
      for (const net of [...endpoint.ipv4Nets, ...endpoint.ipv6Nets]) {
        const address = parsePrefix(net)?.address;
        const text = net.split('/')[0] as string;
        if (address === undefined || own.has(text)) continue;
        if (![...this.#pools.values()].some((pool) => contains(pool, address))) continue;
        for (const { link, range } of nets) {
          if (!contains(range, address)) continue;
          const entry = { family: address.family, ifindex: link.index, address: text, protocol: protocolCluster };
          wanted.set(keyOf(entry), { entry, link });
        }
      }
    }
    return wanted;
  }

  *#hostNets(config: FelixConfig): Generator<{ link: Link; range: Prefix }> {
    for (const { ifindex, prefix } of this.#addresses) {
      const link = this.#parts.interfaces.linkAt(ifindex);
      const range = netOf(prefix);
      if (link === undefined || range === undefined || !link.isUp || link.name === 'lo' || link.mac === '') continue;
      if (!isWorkloadLink(link.name, config)) yield { link, range };
    }
  }

  /** Answers come at once; and IPv6 asks a switch of the link whether entries count at all. */
  #prepareLinks(wanted: readonly Wanted[]): void {
    const byLink = Map.groupBy(wanted, ({ link }) => link.name);
    for (const [name, ones] of byLink) {
      const used = families.filter((family) => ones.some(({ entry }) => entry.family === family));
      const sysctls = used.map((family) => ({
        path: `net/ipv${family}/neigh/${name}/proxy_delay`,
        value: '0',
        isOptional: true,
      }));
      const isSwitch = { path: `net/ipv6/conf/${name}/proxy_ndp`, value: '1', isOptional: false };
      this.#parts.setSysctls(name, used.includes(6) ? [...sysctls, isSwitch] : sysctls);
    }
  }

  #announce({ entry: { ifindex, address, family }, link }: Wanted): void {
    const own = this.#addresses.find((one) => one.ifindex === ifindex && one.prefix.startsWith('fe80:'));
    const linkLocal = family === 6 ? own?.prefix.split('/')[0] : undefined;
    try {
      this.#parts.kernel.announce({
        ifindex,
        mac: link.mac,
        address,
        ...(linkLocal === undefined ? {} : { linkLocal }),
      });
    } catch (error) {
      this.#parts.log.warn({ link: link.name, address, problem: String(error) }, 'an address cannot be announced');
    }
  }

  #arm(periodMs: number): void {
    if (periodMs === this.#refreshMs && this.#refresh !== undefined) return;
    this.#refresh?.cancel();
    this.#refreshMs = periodMs;
    this.#refresh =
      periodMs <= 0
        ? undefined
        : this.#parts.clock.after(periodMs, () => {
            this.#refresh = undefined;
            for (const one of this.#wanted) this.#announce(one);
            this.#arm(periodMs);
          });
  }
}

async function readOurs(kernel: Pick<Kernel, 'proxyEntries'>): Promise<ProxyEntry[]> {
  const entries: ProxyEntry[] = [];
  for (const family of families) entries.push(...(await kernel.proxyEntries(family)));
  return entries.filter(({ protocol }) => protocol === protocolCluster);
}

/** All of ours, of an earlier life too. */
export async function removeProxies(kernel: Pick<Kernel, 'proxyEntries' | 'changeRoutes'>): Promise<void> {
  await kernel.changeRoutes((await readOurs(kernel)).map((proxy) => ({ type: 'delete-proxy', proxy })));
}

function keyOf({ ifindex, address }: ProxyEntry): string {
  return `${ifindex} ${address}`;
}

/** The network of an address with a length; a single address and a link-local one have none. */
function netOf(text: string): Prefix | undefined {
  const [address = '', length = ''] = text.split('/');
  if (text.startsWith('fe80:') || Number(length) >= (address.includes(':') ? 128 : 32)) return undefined;
  return parsePrefix(text);
}
