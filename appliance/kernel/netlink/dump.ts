/**
 * Reads whole tables of the kernel: one dump at a time on a socket, repeated when the kernel says it changed meanwhile. I/O.
 * Source: netlink(7), linux/netlink.h (NLM_F_DUMP, NLM_F_DUMP_INTR).
 */
import { AppError } from '../../lib/errors.ts';
import { kernelErrors } from '../errors.ts';
import { errnoName, errnoText } from '../libc.ts';
import { type Answer, readAnswer } from './answer.ts';
import { type Message, MessageWriter, NLM } from './message.ts';
import { inSlices, Serial } from './serial.ts';
import type { NetlinkSocket } from './socket.ts';

/** What to ask for: a message type, the family's own header, and attributes. */
export interface Request {
  readonly type: number;
  readonly header: Uint8Array;
  readonly attributes?: (writer: MessageWriter) => void;
  /** A single object rather than a dump. */
  readonly isSingle?: boolean;
}

const ROUNDS_MAX = 20;
const EINTR = 4;

export class NetlinkReader {
  readonly #socket: NetlinkSocket;
  readonly #serial = new Serial();
  readonly #writer = new MessageWriter(512);

  constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** What `read` makes of each message; it must copy what it keeps. Throws KERNEL_REFUSED with the kernel's code. */
  dump<Value>(request: Request, read: (message: Message) => Iterable<Value>): Promise<Value[]> {
    return this.dumpInto<Value[]>(
      request,
      () => [],
      (values, message) => {
        for (const value of read(message)) values.push(value);
      },
    );
  }

  /** What `take` gathers from each message; a dump that is repeated begins with a new `start()`. */
  dumpInto<Sink>(request: Request, start: () => Sink, take: (sink: Sink, message: Message) => void): Promise<Sink> {
    return this.#serial.run(async () => {
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const sink = start();
        if (await inSlices(this.#round(request, (message) => take(sink, message)))) return sink;
      }
      throw refused('EINTR', 'the table kept changing while it was read');
    });
  }

  /** False when the table changed while it was read. */
  *#round(request: Request, take: (message: Message) => void): Generator<void, boolean> {
    const sequence = this.#send(request);
    let isInterrupted = false;
    for (;;) {
      const received = this.#socket.receive();
      if (received === undefined) throw refused('EIO', 'the dump broke off');
      if (received === 'lost') isInterrupted = true;
      else {
        for (const message of received) {
          if (message.sequence !== sequence) continue;
          isInterrupted ||= (message.flags & NLM.dumpInterrupted) !== 0;
          const answer = readAnswer(message);
          if (answer.type === 'data') take(message);
          else return isWhole(answer, isInterrupted);
        }
      }
      yield;
    }
  }

  #send(request: Request): number {
    const sequence = this.#socket.sequence();
    this.#writer.clear();
    // An acknowledgement ends the answer to a single request, NLMSG_DONE that of a dump.
    this.#writer.begin(request.type, NLM.request | (request.isSingle ? NLM.ack : NLM.dump), sequence);
    this.#writer.raw(request.header);
    request.attributes?.(this.#writer);
    this.#writer.end();
    this.#socket.send(this.#writer.bytes);
    return sequence;
  }
}

function isWhole(answer: Exclude<Answer, { type: 'data' }>, isInterrupted: boolean): boolean {
  if (isInterrupted || answer.errno === EINTR) return false;
  if (answer.errno === 0) return true;
  throw refused(errnoName(answer.errno), answer.text || errnoText(answer.errno));
}

/** KERNEL_REFUSED with the kernel's own code and words. */
export function refused(code: string, message: string): Error {
  return kernelErrors.fail('KERNEL_REFUSED', message, { details: { code, message } });
}

/** Whether it is the kernel's no, with one of these codes. */
export function isRefusal(error: unknown, codes: readonly string[]): boolean {
  return error instanceof AppError && error.code === 'KERNEL_REFUSED' && codes.includes(String(error.details.code));
}
