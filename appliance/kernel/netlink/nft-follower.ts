/**
 * Hears of what others do to one nf_tables table. Our own transactions are left out inside the kernel; during large ones the group is left, for
 * the kernel keeps a page for each element while somebody listens, and the generation number tells whether anybody else came between. I/O.
 * Source: linux/netfilter/nf_tables.h (NFT_MSG_NEWGEN, NFTA_GEN_*), linux/netfilter/nfnetlink.h.
 */
import type { NftChange } from '../kernel.ts';
import type { NetlinkReader } from './dump.ts';
import { findAttribute, type Message, readAttributes, readString } from './message.ts';
import { readGeneration } from './nft-generation.ts';
import { GENERATION, NFPROTO_INET, NFT_MSG, nftType, TABLE } from './nft-numbers.ts';
import { NETLINK, NetlinkSocket, type Received } from './socket.ts';
import { WokenSocket } from './woken-socket.ts';

const NFNLGRP_NFTABLES = 7;
const BUFFER_BYTES = 16 * 1024 * 1024;

export interface NftFollowerParts {
  readonly table: string;
  /** The socket that our transactions go through. */
  readonly ownPortId: number;
  /** Asks for the generation; no other use of it is made. */
  readonly reader: NetlinkReader;
  readonly onChange: (change: NftChange) => void;
  readonly onClose: (follower: NftFollower) => void;
}

export class NftFollower {
  readonly #parts: NftFollowerParts;
  readonly #netlink: NetlinkSocket;
  readonly #socket: WokenSocket;
  #isTouched = false;
  #generation = 0;

  /** To be called inside the network namespace that is to be followed. */
  constructor(parts: NftFollowerParts) {
    this.#parts = parts;
    this.#netlink = new NetlinkSocket(NETLINK.netfilter, { bufferBytes: BUFFER_BYTES });
    this.#netlink.leaveOut(parts.ownPortId);
    this.#netlink.join(NFNLGRP_NFTABLES);
    this.#socket = new WokenSocket(this.#netlink, (received) => this.#take(received));
  }

  close(): void {
    this.#socket.close();
    this.#parts.onClose(this);
  }

  /** Before a large transaction of ours. */
  async pause(): Promise<void> {
    this.#generation = await readGeneration(this.#parts.reader);
    if (!this.#socket.isClosed) this.#netlink.leave(NFNLGRP_NFTABLES);
  }

  /** After it; `isCommitted`: it counts as one generation. */
  async resume(isCommitted: boolean): Promise<void> {
    if (this.#socket.isClosed) return;
    this.#netlink.join(NFNLGRP_NFTABLES);
    const generation = await readGeneration(this.#parts.reader);
    if (generation !== this.#generation + (isCommitted ? 1 : 0)) this.#tell({ type: 'lost' });
  }

  #take(received: NonNullable<Received>): void {
    if (received === 'lost') {
      this.#isTouched = false;
      this.#tell({ type: 'lost' });
    } else for (const message of received) this.#takeMessage(message);
  }

  /** The generation's message comes after all others of its transaction. */
  #takeMessage(message: Message): void {
    if (message.type !== NEW_GENERATION) this.#isTouched ||= this.#isOfTable(message);
    else if (this.#isTouched) {
      this.#isTouched = false;
      this.#tell({ type: 'changed', by: readAuthor(message) });
    }
  }

  /** All kinds of messages that we look at name their table in the same attribute. */
  #isOfTable({ type, body }: Message): boolean {
    if (!FOLLOWED.has(type) || body[0] !== NFPROTO_INET) return false;
    return readString(findAttribute(body, TABLE.name, 4)) === this.#parts.table;
  }

  #tell(change: NftChange): void {
    if (!this.#socket.isClosed) this.#parts.onChange(change);
  }
}

const NEW_GENERATION = nftType(NFT_MSG.newGeneration);

/** Not new objects: without a rule they do nothing, and quotas announce themselves when they are used up. */
const FOLLOWED: ReadonlySet<number> = new Set(
  [
    NFT_MSG.newTable,
    NFT_MSG.deleteTable,
    NFT_MSG.newChain,
    NFT_MSG.deleteChain,
    NFT_MSG.newRule,
    NFT_MSG.deleteRule,
    NFT_MSG.newSet,
    NFT_MSG.deleteSet,
    NFT_MSG.newElements,
    NFT_MSG.deleteElements,
    NFT_MSG.deleteObject,
  ].map(nftType),
);

function readAuthor({ body }: Message): string {
  const attributes = readAttributes(body, 4);
  const program = readString(attributes.get(GENERATION.program)) || 'somebody';
  const pid = attributes.get(GENERATION.pid);
  return pid === undefined ? program : `${program} (pid ${pid.readUInt32BE(0)})`;
}
