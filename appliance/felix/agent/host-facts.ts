/** What a Node says of its host: addresses and interfaces, read from the kernel, and told when they change. I/O. */
import type { Kernel } from '../../kernel/kernel.ts';
import type { Family } from '../../lib/ip/address.ts';
import { resolveReach } from './can-reach.ts';
import { chooseAddress, type HostAddress, type WantedAddress, wantedAddresses } from './detect-address.ts';
import { listInterfaces, type NodeInterface } from './host-interfaces.ts';

export interface HostFactsParts {
  readonly kernel: Pick<Kernel, 'links' | 'addresses' | 'listen'>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostAddresses: () => readonly HostAddress[];
  readonly isWorkload: (name: string) => boolean;
}

/** All that a Node is made from. */
export interface HostFacts {
  readonly wanted: readonly WantedAddress[];
  readonly addresses: readonly HostAddress[];
  /** Undefined: the Node's list stays as it is. */
  readonly interfaces: readonly NodeInterface[] | undefined;
}

export async function readHostFacts(parts: HostFactsParts): Promise<HostFacts> {
  const { kernel, hostAddresses, isWorkload } = parts;
  const families = familiesOf(parts.environment);
  const wanted = await Promise.all(wantedAddresses(parts.environment).map(resolveReach));
  const addresses = hostAddresses();
  if (families.length === 0) return { wanted, addresses, interfaces: undefined };
  return {
    wanted,
    addresses,
    interfaces: listInterfaces(await kernel.links(), await kernel.addresses(), { families, isWorkload }),
  };
}

/** Equal for facts that make the same Node. */
export function printFacts({ wanted, addresses, interfaces }: HostFacts): string {
  return JSON.stringify([interfaces, wanted.map((one) => chooseAddress(one, undefined, addresses))]);
}

/** Whose addresses may be told; a host that is told to have none of a family tells none. */
function familiesOf({ IP, IP6 }: HostFactsParts['environment']): Family[] {
  return [...(IP === 'none' ? [] : ([4] as const)), ...(IP6 === 'none' ? [] : ([6] as const))];
}

/** Settles once for each time something changed since the last call; `undefined` in the signal ends all waiting. */
export class LinkChanges {
  readonly #listener: { close(): void };
  readonly #signal: AbortSignal;
  #isChanged = false;
  #waiting: (() => void) | undefined;

  constructor(kernel: Pick<Kernel, 'listen'>, signal: AbortSignal) {
    this.#signal = signal;
    this.#listener = kernel.listen(() => this.#notice(), ['link', 'address']);
    signal.addEventListener('abort', () => {
      this.#listener.close();
      this.#notice();
    });
  }

  async next(): Promise<void> {
    if (!this.#isChanged && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
    this.#isChanged = false;
  }

  #notice(): void {
    this.#isChanged = true;
    this.#waiting?.();
    this.#waiting = undefined;
  }
}
