/**
 * Many independent messages in few sends, each acknowledged on its own: the way of rtnetlink and ctnetlink, which know no
 * transactions. I/O.
 */
import { errnoName, errnoText } from '../libc.ts';
import { readAnswer } from './answer.ts';
import { MessageWriter } from './message.ts';
import { inSlices, Serial } from './serial.ts';
import type { NetlinkSocket } from './socket.ts';

/** Undefined when done. */
export type Outcome = { readonly code: string; readonly message: string } | undefined;

/** Messages in one send: some milliseconds of the kernel's time at most. */
const MESSAGES_PER_SEND = 200;

export class NetlinkPipeline {
  readonly #socket: NetlinkSocket;
  readonly #serial = new Serial();
  readonly #writer = new MessageWriter(32 * 1024);

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** `write` writes one message (asking for an acknowledgement) for each item; one outcome each, in order. */
  send<Item>(
    items: readonly Item[],
    write: (writer: MessageWriter, item: Item, sequence: number) => void,
  ): Promise<Outcome[]> {
    return this.#serial.run(() => inSlices(this.#sendAll(items, write)));
  }

  *#sendAll<Item>(
    items: readonly Item[],
    write: (writer: MessageWriter, item: Item, sequence: number) => void,
  ): Generator<void, Outcome[]> {
    const outcomes: Outcome[] = [];
    for (let at = 0; at < items.length; at += MESSAGES_PER_SEND) {
      const part = items.slice(at, at + MESSAGES_PER_SEND);
      outcomes.push(...this.#sendPart(part, write));
      yield;
    }
    return outcomes;
  }

  #sendPart<Item>(
    items: readonly Item[],
    write: (writer: MessageWriter, item: Item, sequence: number) => void,
  ): Outcome[] {
    const first = this.#socket.sequence(items.length);
    this.#writer.clear();
    items.forEach((item, index) => {
      write(this.#writer, item, first + index);
    });
    this.#socket.send(this.#writer.bytes);
    return this.#readAcks(first, items.length);
  }

  /** What has no answer counts as failed. */
  #readAcks(first: number, count: number): Outcome[] {
    const outcomes = new Array<Outcome>(count).fill({ code: 'EIO', message: 'no answer' });
    for (let received = this.#socket.receive(); received !== undefined; received = this.#socket.receive()) {
      if (received === 'lost') continue;
      for (const message of received) {
        const index = message.sequence - first;
        const answer = readAnswer(message);
        if (index < 0 || index >= count || answer.type !== 'ack') continue;
        const { errno, text } = answer;
        outcomes[index] = errno === 0 ? undefined : { code: errnoName(errno), message: text || errnoText(errno) };
      }
    }
    return outcomes;
  }
}
