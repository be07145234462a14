/**
 * A netlink socket that follows multicast groups and tells what arrives. The socket wakes us with a signal, and we read until it is empty;
 * no thread waits, and nothing keeps the process alive. I/O.
 * Source: fcntl(2) (F_SETSIG, O_ASYNC), netlink(7).
 */
import { checked, libc } from '../libc.ts';
import { inSlices } from './serial.ts';
import type { NetlinkSocket, Received } from './socket.ts';

const F_SETFL = 4;
const F_SETOWN = 8;
const F_SETSIG = 10;
const O_ASYNC_NONBLOCK = 0o20000 | 0o4000;
/** Ignored by default, so that a late one harms nobody; sent by nothing else that Node uses. */
const SIGNAL = 'SIGURG';
const SIGNAL_NUMBER = 23;
/** Signals of one kind coalesce and could in theory be missed: an empty read costs a microsecond. */
const SAFETY_INTERVAL_MS = 1000;

export class WokenSocket {
  readonly #socket: NetlinkSocket;
  readonly #onReceived: (received: NonNullable<Received>) => void;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;
  #isReading = false;
  #isWoken = false;

  /** The socket is ours from now on. */
  constructor(socket: NetlinkSocket, onReceived: (received: NonNullable<Received>) => void) {
    this.#socket = socket;
    this.#onReceived = onReceived;
    process.on(SIGNAL, this.#wake);
    this.#timer = setInterval(this.#wake, SAFETY_INTERVAL_MS).unref();
    checked(libc.fcntl(socket.fd, F_SETSIG, SIGNAL_NUMBER), 'F_SETSIG');
    checked(libc.fcntl(socket.fd, F_SETOWN, process.pid), 'F_SETOWN');
    checked(libc.fcntl(socket.fd, F_SETFL, O_ASYNC_NONBLOCK), 'O_ASYNC');
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#socket.close();
    process.off(SIGNAL, this.#wake);
  }

  readonly #wake = (): void => {
    this.#isWoken = true;
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    void inSlices(this.#readAll()).finally(() => {
      this.#isReading = false;
    });
  };

  *#readAll(): Generator<void, void> {
    while (this.#isWoken && !this.#isClosed) {
      this.#isWoken = false;
      for (;;) {
        if (this.#isClosed) return;
        const received = this.#socket.receive();
        if (received === undefined) break;
        this.#onReceived(received);
        yield;
      }
    }
  }
}
