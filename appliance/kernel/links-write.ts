/**
 * Makes and changes links: what a container's network needs, and tests. I/O through one rtnetlink socket of the namespace
 * that was entered when it was opened.
 * Source: rtnetlink(7), linux/if_link.h, linux/veth.h.
 */
import { closeSync, openSync } from 'node:fs';
import type { LinkChange } from './kernel.ts';
import { refused } from './netlink/dump.ts';
import { linkHeader, writeAddress, writeChange, writeDelete, writeEnd } from './netlink/link-messages.ts';
import { IFLA, IFLA_INFO } from './netlink/links.ts';
import { type MessageWriter, NLM } from './netlink/message.ts';
import { NetlinkPipeline } from './netlink/pipeline.ts';
import { RTM } from './netlink/route-numbers.ts';
import { NETLINK, NetlinkSocket } from './netlink/socket.ts';
import { NetworkNamespace } from './netns.ts';

export interface VethEnd {
  readonly name: string;
  readonly mac?: string;
  readonly mtuBytes?: number;
}

/** Writes to the links of one network namespace. Every call throws KERNEL_REFUSED (details: code, message). */
export interface LinkWriter {
  /** A pair of links; the peer is born in the namespace behind `peerNetnsPath`, or here. */
  addVeth(link: VethEnd, peer: VethEnd, peerNetnsPath?: string): Promise<void>;
  setLink(ifindex: number, change: LinkChange): Promise<void>;
  deleteLink(ifindex: number): Promise<void>;
  /** `prefix` is an address with its prefix length. IPv6 addresses are usable at once: nobody else has them. */
  addAddress(ifindex: number, prefix: string): Promise<void>;
  close(): void;
}

/** Opens a writer for this process's namespace, or for the one behind `netnsPath`. */
export function openLinkWriter(netnsPath?: string): LinkWriter {
  const namespace = new NetworkNamespace(netnsPath);
  const socket = namespace.run(() => new NetlinkSocket(NETLINK.route));
  namespace.close();
  const pipeline = new NetlinkPipeline(socket);
  const send = async (write: (writer: MessageWriter, sequence: number) => void) => {
    const [outcome] = await pipeline.send([undefined], (writer, _item, sequence) => write(writer, sequence));
    if (outcome !== undefined) throw refused(outcome.code, outcome.message);
  };
  return {
    async addVeth(link, peer, peerNetnsPath) {
      const netnsFd = peerNetnsPath === undefined ? undefined : openSync(peerNetnsPath, 'r');
      try {
        await send((writer, sequence) => writeVeth(writer, sequence, link, peer, netnsFd));
      } finally {
        if (netnsFd !== undefined) closeSync(netnsFd);
      }
    },
    setLink: (ifindex, change) => send((writer, sequence) => writeChange(writer, sequence, ifindex, change)),
    deleteLink: (ifindex) => send((writer, sequence) => writeDelete(writer, sequence, ifindex)),
    addAddress: (ifindex, prefix) => send((writer, sequence) => writeAddress(writer, sequence, ifindex, prefix)),
    close: () => socket.close(),
  };
}

const VETH_INFO_PEER = 1;

function writeVeth(writer: MessageWriter, sequence: number, link: VethEnd, peer: VethEnd, netnsFd?: number): void {
  writer.begin(RTM.newLink, NLM.request | NLM.ack | NLM.create | NLM.exclusive, sequence);
  writer.raw(linkHeader(0));
  writeEnd(writer, link);
  const info = writer.nest(IFLA.linkInfo);
  writer.string(IFLA_INFO.kind, 'veth');
  const data = writer.nest(IFLA_INFO.data);
  const other = writer.nest(VETH_INFO_PEER);
  writer.raw(linkHeader(0));
  writeEnd(writer, peer);
  if (netnsFd !== undefined) writer.u32(IFLA.netnsFd, netnsFd);
  writer.endNest(other);
  writer.endNest(data);
  writer.endNest(info);
  writer.end();
}
