/**
 * How fast workloads may send and receive. I/O. What a workload receives waits in a token bucket at the root of its link; what it sends is led
 * through an intermediate link (IFB) that has one. How does a fresh start know what is ours? The buckets' handle and the intermediate links' names.
 */
import { hash } from 'node:crypto';
import type { Kernel, Link, NftRefusal, TokenBucket, TrafficOperation } from '../../../kernel/kernel.ts';
import type { Logger } from '../../../lib/log.ts';
import type { Bandwidth, QosControls } from '../../model/endpoint.ts';

export interface BandwidthParts {
  readonly kernel: Kernel;
  readonly log: Logger;
  readonly linkOf: (name: string) => Link | undefined;
}

interface Wanted {
  readonly ingress: Bandwidth | undefined;
  readonly egress: Bandwidth | undefined;
}

/** What the kernel was given for an interface, as text. */
interface Written {
  readonly ingress: string | undefined;
  readonly egress: string | undefined;
  /** The links that are joined by a redirection. */
  readonly joined: string | undefined;
}

const handle = 0xca110000;
const prefix = 'bwcali';
const ifbDigits = 9;
const nothing: Written = { ingress: undefined, egress: undefined, joined: undefined };

export class Bandwidths {
  readonly #parts: BandwidthParts;
  readonly #wanted = new Map<string, Wanted>();
  readonly #written = new Map<string, Written>();
  readonly #dirty = new Set<string>();
  #complaint = '';

  constructor(parts: BandwidthParts) {
    this.#parts = parts;
  }

  /** What the workload of an interface may have; `undefined` limits nothing. */
  want(interfaceName: string, qos: QosControls | undefined): void {
    const wanted = { ingress: qos?.ingress.bandwidth, egress: qos?.egress.bandwidth };
    const isAny = wanted.ingress !== undefined || wanted.egress !== undefined;
    if (isAny) this.#wanted.set(interfaceName, wanted);
    else this.#wanted.delete(interfaceName);
    if (isAny || this.#written.has(interfaceName)) this.#dirty.add(interfaceName);
  }

  /** The link came, went, or changed: nothing is known of what it has. */
  onLink(interfaceName: string): void {
    if (!this.#wanted.has(interfaceName) && !this.#written.has(interfaceName)) return;
    this.#written.set(interfaceName, nothing);
    this.#dirty.add(interfaceName);
  }

  /** Reads what the kernel has: what is ours and not wanted goes, what is wanted and not there is written. */
  async resync(): Promise<void> {
    const [links, qdiscs] = [await this.#parts.kernel.links(), await this.#parts.kernel.qdiscs()];
    const isBucket = (link: Link) => qdiscs.some((one) => one.ifindex === link.index && one.handle === handle >>> 0);
    const isIngress = (link: Link) => qdiscs.some((one) => one.ifindex === link.index && one.place === 'ingress');
    const ifbs = new Map(links.filter(isOurIfb).map((link) => [link.name, link]));
    const operations: TrafficOperation[] = [];
    for (const link of links) {
      if (isOurIfb(link)) continue;
      const wanted = this.#wanted.get(link.name);
      const ifb = ifbs.get(ifbName(link.name));
      ifbs.delete(ifbName(link.name));
      if (wanted === undefined) {
        if (isBucket(link)) operations.push({ type: 'delete-qdisc', ifindex: link.index, place: 'root' });
        if (ifb !== undefined) operations.push(...separation(link, ifb));
        continue;
      }
      const isWhole =
        (wanted.ingress === undefined) !== isBucket(link) &&
        (wanted.egress === undefined ? ifb === undefined : ifb !== undefined && isBucket(ifb) && isIngress(link));
      if (!isWhole) this.onLink(link.name);
    }
    for (const ifb of ifbs.values()) operations.push({ type: 'delete-ifb', ifindex: ifb.index });
    for (const name of this.#wanted.keys()) if (!this.#written.has(name)) this.#dirty.add(name);
    await this.#change(operations);
  }

  /** Brings the interfaces that are due to what they are to have. */
  async apply(): Promise<void> {
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const name of dirty) await this.#applyTo(name);
  }

  async #applyTo(name: string): Promise<void> {
    const link = this.#parts.linkOf(name);
    const wanted = this.#wanted.get(name);
    const before = this.#written.get(name) ?? nothing;
    const ingress = link && (await this.#applyIngress(link, wanted?.ingress, before));
    const egress = await this.#applyEgress(name, link, wanted?.egress, before);
    if (link === undefined || wanted === undefined) this.#written.delete(name);
    else this.#written.set(name, { ingress, ...egress });
  }

  async #applyIngress(link: Link, wanted: Bandwidth | undefined, before: Written): Promise<string | undefined> {
    if (wanted === undefined) {
      if (before.ingress !== undefined || before === nothing) await this.#dropBucket(link);
      return undefined;
    }
    const bucket = bucketOf(wanted, link.mtuBytes);
    const key = `${link.index} ${JSON.stringify(bucket)}`;
    if (key === before.ingress) return key;
    const isDone = await this.#change([{ type: 'replace-token-bucket', ifindex: link.index, handle, bucket }]);
    return isDone ? key : undefined;
  }

  /** A bucket of somebody else's stays. */
  async #dropBucket(link: Link): Promise<void> {
    const qdiscs = await this.#parts.kernel.qdiscs();
    if (!qdiscs.some((one) => one.ifindex === link.index && one.handle === handle >>> 0)) return;
    await this.#change([{ type: 'delete-qdisc', ifindex: link.index, place: 'root' }]);
  }

  async #applyEgress(
    name: string,
    link: Link | undefined,
    wanted: Bandwidth | undefined,
    before: Written,
  ): Promise<Pick<Written, 'egress' | 'joined'>> {
    const none = { egress: undefined, joined: undefined };
    if (link === undefined || wanted === undefined) {
      const ifb = await this.#findIfb(name);
      if (ifb !== undefined) await this.#change(separation(link, ifb));
      return none;
    }
    const ifb = (await this.#findIfb(name)) ?? (await this.#addIfb(name, link.mtuBytes));
    if (ifb === undefined) return none;
    const bucket = bucketOf(wanted, link.mtuBytes);
    const egress = `${ifb.index} ${JSON.stringify(bucket)}`;
    const joined = `${link.index} ${ifb.index}`;
    const operations: TrafficOperation[] = [];
    if (egress !== before.egress) {
      operations.push({ type: 'replace-token-bucket', ifindex: ifb.index, handle, bucket });
    }
    if (joined !== before.joined) {
      const ifindex = link.index;
      operations.push({ type: 'delete-qdisc', ifindex, place: 'ingress' }, { type: 'add-ingress', ifindex });
      operations.push({ type: 'add-redirect', ifindex, to: ifb.index });
    }
    return (await this.#change(operations)) ? { egress, joined } : none;
  }

  async #findIfb(name: string): Promise<Link | undefined> {
    const links = await this.#parts.kernel.links();
    return links.find((link) => link.name === ifbName(name) && isOurIfb(link));
  }

  async #addIfb(name: string, mtuBytes: number): Promise<Link | undefined> {
    const isDone = await this.#change([{ type: 'add-ifb', name: ifbName(name), mtuBytes }]);
    return isDone ? this.#findIfb(name) : undefined;
  }

  /** What the kernel refuses is said once, and tried again with the next reading. */
  async #change(operations: readonly TrafficOperation[]): Promise<boolean> {
    if (operations.length === 0) return true;
    const refusals = await this.#parts.kernel.changeTraffic(operations);
    const refusal = refusals.find((one): one is NftRefusal => one !== undefined);
    if (refusal === undefined) return true;
    const { type } = operations[refusal.index] as TrafficOperation;
    const complaint = `${type}: ${refusal.message} (${refusal.code})`;
    const hint =
      type === 'add-ifb'
        ? 'limits on what workloads send need the ifb module'
        : 'limits need sch_tbf, cls_u32 and act_mirred';
    if (complaint !== this.#complaint) this.#parts.log.warn({ problem: complaint }, hint);
    this.#complaint = complaint;
    return false;
  }
}

/** Takes every limit of ours off a host's links. */
export async function removeBandwidths(kernel: Kernel): Promise<void> {
  const [links, qdiscs] = [await kernel.links(), await kernel.qdiscs()];
  const ifbs = links.filter(isOurIfb);
  const operations = links
    .filter((link) => !isOurIfb(link))
    .flatMap((link): TrafficOperation[] => {
      const ifb = ifbs.find(({ name }) => name === ifbName(link.name));
      const isOurs = qdiscs.some((one) => one.ifindex === link.index && one.handle === handle >>> 0);
      const root = { type: 'delete-qdisc', ifindex: link.index, place: 'root' } as const;
      return [...(isOurs ? [root] : []), ...(ifb === undefined ? [] : separation(link, ifb))];
    });
  const rest = ifbs.map(({ index }) => ({ type: 'delete-ifb', ifindex: index }) as const);
  await kernel.changeTraffic([...operations, ...rest]);
}

function separation(link: Link | undefined, ifb: Link): TrafficOperation[] {
  const operations: TrafficOperation[] = [{ type: 'delete-ifb', ifindex: ifb.index }];
  if (link !== undefined) operations.unshift({ type: 'delete-qdisc', ifindex: link.index, place: 'ingress' });
  return operations;
}

function isOurIfb({ kind, name }: Link): boolean {
  return kind === 'ifb' && name.startsWith(prefix);
}

/** A function of the interface's name, so that a fresh start finds it. */
export function ifbName(interfaceName: string): string {
  return `${prefix}${hash('sha256', interfaceName, 'hex').slice(0, ifbDigits)}`;
}

const linkHeaderBytes = 14;
const latencySeconds = 0.025;

/** A bucket that is smaller than a packet lets none through, so it holds one at least. */
export function bucketOf({ rateBits, burstBits, peakBits, peakBurstBytes }: Bandwidth, mtuBytes: number): TokenBucket {
  const packetBytes = mtuBytes + linkHeaderBytes;
  const rateBytes = Math.max(1, Math.floor(rateBits / 8));
  const burstBytes = Math.max(packetBytes, Math.floor(burstBits / 8));
  const limitBytes = Math.floor(rateBytes * latencySeconds) + burstBytes;
  if (peakBits === undefined || peakBits <= rateBits) return { rateBytes, burstBytes, limitBytes };
  const peak = { rateBytes: Math.floor(peakBits / 8), burstBytes: Math.max(packetBytes, peakBurstBytes ?? 0) };
  const peakLimit = Math.floor(peak.rateBytes * latencySeconds) + peak.burstBytes;
  return { rateBytes, burstBytes, limitBytes: Math.min(limitBytes, peakLimit), peak };
}
