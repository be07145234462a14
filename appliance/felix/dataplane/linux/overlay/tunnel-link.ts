/** Brings a tunnel's device to what it is to be: made, settings, address, up; or gone. I/O. */
import type { Kernel, Link, NewLink } from '../../../../kernel/kernel.ts';
import { isRefusal } from '../../../../kernel/netlink/dump.ts';
import type { InterfaceTable } from '../interface-table.ts';

export interface TunnelLinkParts {
  readonly kernel: Kernel;
  readonly interfaces: InterfaceTable;
}

export interface WantedLink {
  readonly link: NewLink;
  /** Addresses with their length; others that are not link-local go. Undefined leaves them as they are. */
  readonly addresses?: readonly string[];
}

/** The link as it is now; throws what the kernel says. A device that differs in what cannot be changed is made anew. */
export async function ensureTunnelLink(parts: TunnelLinkParts, { link, addresses }: WantedLink): Promise<Link> {
  const { kernel, interfaces } = parts;
  let found = interfaces.linkOf(link.name);
  if (found !== undefined && mustGo(found, link)) {
    await kernel.deleteLink(found.index);
    found = undefined;
  }
  if (found === undefined) {
    await kernel.addLink(link).catch((error: unknown) => {
      // Loading a module makes its first device too; and our table of links may be behind.
      if (!isRefusal(error, ['EEXIST'])) throw error;
    });
    found = (await kernel.links()).find(({ name }) => name === link.name);
    if (found === undefined) throw new Error(`${link.name} is gone as soon as it was made`);
    if (found.kind !== link.kind) throw new Error(`${link.name} is there, and no ${link.kind} device`);
  }
  const change = {
    ...(found.isUp ? {} : { isUp: true }),
    ...(found.mtuBytes === link.mtuBytes ? {} : { mtuBytes: link.mtuBytes }),
    ...('mac' in link && found.mac !== link.mac ? { mac: link.mac } : {}),
  };
  if (addresses !== undefined) await setAddresses(kernel, found.index, addresses);
  if (Object.keys(change).length > 0) await kernel.changeLink(found.index, change);
  return found;
}

/** Only a device of the kind we make. */
export async function removeTunnelLink(parts: TunnelLinkParts, name: string, kind: string): Promise<void> {
  const found = parts.interfaces.linkOf(name);
  if (found?.kind === kind) await parts.kernel.deleteLink(found.index);
}

export async function setAddresses(kernel: Kernel, ifindex: number, wanted: readonly string[]): Promise<void> {
  const there = (await kernel.addresses()).filter((one) => one.ifindex === ifindex).map(({ prefix }) => prefix);
  for (const prefix of there) {
    if (!wanted.includes(prefix) && !prefix.startsWith('fe80:')) await kernel.deleteAddress(ifindex, prefix);
  }
  for (const prefix of wanted) if (!there.includes(prefix)) await kernel.addAddress(ifindex, prefix);
}

function mustGo(found: Link, wanted: NewLink): boolean {
  if (found.kind !== wanted.kind || wanted.kind !== 'vxlan') return false;
  const [a, b] = [found.vxlan, wanted.vxlan];
  return (
    a?.vni !== b.vni ||
    a.port !== b.port ||
    a.local !== b.local ||
    a.parent !== b.parent ||
    a.isLearning !== b.isLearning
  );
}
