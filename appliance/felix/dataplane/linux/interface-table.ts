/** Links and addresses of this host, kept current from the kernel's notifications; read anew when some were lost. I/O. */
import type { InterfaceAddress, Kernel, KernelEvent, Link } from '../../../kernel/kernel.ts';
import type { Logger } from '../../../lib/log.ts';
import type { HostInterface } from '../../render/host-resolution.ts';

export interface InterfaceTableParts {
  readonly kernel: Kernel;
  readonly log: Logger;
  /** Something about these interfaces changed; `undefined` when it may be any. */
  readonly onChange: (name: string | undefined) => void;
  readonly onRoute: (event: Extract<KernelEvent, { type: 'route' }>) => void;
  readonly onNeighbour: (event: Extract<KernelEvent, { type: 'neighbour' }>) => void;
  /** Sysctls of a link were changed; `undefined` when it may be any. */
  readonly onSettings: (name: string | undefined) => void;
}

export class InterfaceTable {
  readonly #parts: InterfaceTableParts;
  readonly #links = new Map<number, Link>();
  readonly #indexOfName = new Map<string, number>();
  readonly #addresses = new Map<number, Set<string>>();
  #listener: { close(): void } | undefined;
  #isClosed = false;
  #taken = 0;

  constructor(parts: InterfaceTableParts) {
    this.#parts = parts;
  }

  /** Listens first and reads then, so that nothing falls between. */
  async open(): Promise<void> {
    if (this.#isClosed) return;
    this.#listener = this.#parts.kernel.listen((event) => this.#take(event));
    await this.refresh();
  }

  async refresh(): Promise<void> {
    const { kernel } = this.#parts;
    const links = await kernel.links();
    const addresses = await kernel.addresses();
    this.#links.clear();
    this.#indexOfName.clear();
    this.#addresses.clear();
    for (const link of links) this.#putLink(link);
    for (const address of addresses) this.#putAddress(address);
    this.#parts.onChange(undefined);
  }

  /** Finds what no notification told of, link by link. */
  check(): void {
    this.#compare().catch((error: unknown) => {
      this.#parts.log.warn({ error: String(error) }, 'interfaces cannot be read');
    });
  }

  linkOf(name: string): Link | undefined {
    const index = this.#indexOfName.get(name);
    return index === undefined ? undefined : this.#links.get(index);
  }

  linkAt(index: number): Link | undefined {
    return this.#links.get(index);
  }

  /** The link that has this address; of several the first to have come. */
  linkWith(address: string): Link | undefined {
    for (const [index, addresses] of this.#addresses) if (addresses.has(address)) return this.#links.get(index);
    return undefined;
  }

  links(): Iterable<Link> {
    return this.#links.values();
  }

  *interfaces(): Generator<HostInterface> {
    for (const { index, name } of this.#links.values()) {
      yield { name, addresses: [...(this.#addresses.get(index) ?? [])] };
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#listener?.close();
  }

  async #compare(): Promise<void> {
    const { kernel } = this.#parts;
    const before = this.#taken;
    const links = await kernel.links();
    const addresses = await kernel.addresses();
    // a notification that came meanwhile is newer than what was read
    if (this.#isClosed || this.#taken !== before) return;
    const indexes = new Set(links.map(({ index }) => index));
    for (const link of [...this.#links.values()]) if (!indexes.has(link.index)) this.#takeLink(link, true);
    for (const link of links) this.#takeLink(link, false);
    const read = Map.groupBy(addresses, ({ ifindex }) => ifindex);
    for (const { index, name } of links) {
      const now = new Set((read.get(index) ?? []).map(bare));
      if (now.symmetricDifference(this.#addresses.get(index) ?? new Set()).size === 0) continue;
      this.#addresses.set(index, now);
      this.#parts.onChange(name);
    }
  }

  #take(event: KernelEvent): void {
    this.#taken++;
    if (event.type === 'lost') this.#reread();
    if (event.type === 'route') this.#parts.onRoute(event);
    if (event.type === 'neighbour') this.#parts.onNeighbour(event);
    if (event.type === 'settings') this.#parts.onSettings(this.#links.get(event.ifindex)?.name);
    if (event.type === 'link') this.#takeLink(event.link, event.isGone);
    if (event.type === 'address') this.#takeAddress(event.address, event.isGone);
  }

  #reread(): void {
    if (this.#isClosed) return;
    this.refresh().catch((error: unknown) => {
      this.#parts.log.warn({ error: String(error) }, 'interfaces cannot be read');
    });
  }

  #takeLink(link: Link, isGone: boolean): void {
    const before = this.#links.get(link.index);
    if (before !== undefined && (isGone || before.name !== link.name)) {
      if (this.#indexOfName.get(before.name) === link.index) this.#indexOfName.delete(before.name);
      this.#links.delete(link.index);
      this.#parts.onChange(before.name);
    }
    if (isGone) {
      this.#addresses.delete(link.index);
      return;
    }
    this.#putLink(link);
    if (before === undefined || isChanged(before, link)) this.#parts.onChange(link.name);
  }

  #putLink(link: Link): void {
    this.#links.set(link.index, link);
    this.#indexOfName.set(link.name, link.index);
  }

  #takeAddress(address: InterfaceAddress, isGone: boolean): void {
    if (isGone) this.#addresses.get(address.ifindex)?.delete(bare(address));
    else this.#putAddress(address);
    this.#parts.onChange(this.#links.get(address.ifindex)?.name);
  }

  #putAddress(address: InterfaceAddress): void {
    const known = this.#addresses.get(address.ifindex);
    if (known === undefined) this.#addresses.set(address.ifindex, new Set([bare(address)]));
    else known.add(bare(address));
  }
}

function isChanged(before: Link, now: Link): boolean {
  return (
    before.isRunning !== now.isRunning ||
    before.isUp !== now.isUp ||
    before.mac !== now.mac ||
    before.mtuBytes !== now.mtuBytes ||
    before.name !== now.name
  );
}

function bare({ prefix }: InterfaceAddress): string {
  return prefix.split('/', 1)[0] as string;
}
