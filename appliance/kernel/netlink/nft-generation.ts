/**
 * The number of the ruleset's generation, which each transaction of anybody raises by one; and a follower that only counts. It costs others nothing,
 * unlike notifications, for which the kernel keeps a page for each element of their transactions; but it cannot tell whose table was changed. I/O.
 * Source: linux/netfilter/nf_tables.h (NFT_MSG_GETGEN, NFTA_GEN_ID).
 */
import type { NetlinkReader, Request } from './dump.ts';
import { findAttribute } from './message.ts';
import { GENERATION, NFPROTO_INET, NFT_MSG, nfgenmsg, nftType } from './nft-numbers.ts';

const request: Request = { type: nftType(NFT_MSG.getGeneration), header: nfgenmsg(NFPROTO_INET), isSingle: true };

export async function readGeneration(reader: NetlinkReader): Promise<number> {
  const [generation = 0] = await reader.dump(request, ({ body }) => [
    findAttribute(body, GENERATION.id, 4)?.readUInt32BE(0) ?? 0,
  ]);
  return generation;
}

export interface GenerationFollowerParts {
  readonly read: () => Promise<number>;
  /** How many transactions of ours were taken so far; undefined while one is under way. */
  readonly commits: () => number | undefined;
  readonly onChange: () => void;
}

const LOOK_INTERVAL_MS = 250;

export class GenerationFollower {
  readonly #parts: GenerationFollowerParts;
  readonly #timer: NodeJS.Timeout;
  /** The generation less our own transactions. */
  #foreign: number | undefined;
  #isLooking = false;
  #isClosed = false;

  constructor(parts: GenerationFollowerParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#look(), LOOK_INTERVAL_MS).unref();
    void this.#look();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const { read, commits, onChange } = this.#parts;
    const before = commits();
    if (this.#isLooking || before === undefined) return;
    this.#isLooking = true;
    const generation = await read().catch(() => undefined);
    this.#isLooking = false;
    // a transaction of ours meanwhile may be in the number or not: the next look knows
    if (generation === undefined || this.#isClosed || commits() !== before) return;
    const foreign = generation - before;
    const isNews = this.#foreign !== undefined && foreign !== this.#foreign;
    this.#foreign = foreign;
    if (isNews) onChange();
  }
}
