/**
 * Follows changes of links, addresses and routes. The socket wakes us with a signal, and we read until it is empty; no thread
 * waits, and nothing keeps the process alive. I/O.
 * Source: fcntl(2) (F_SETSIG, O_ASYNC), rtnetlink(7).
 */
import type { KernelEvent } from '../kernel.ts';
import { checked, libc } from '../libc.ts';
import { readInterfaceAddress } from './addresses.ts';
import { readLink } from './links.ts';
import type { Message } from './message.ts';
import { RTM, RTNLGRP } from './route-numbers.ts';
import { readRoute } from './routes.ts';
import { inSlices } from './serial.ts';
import { NETLINK, NetlinkSocket } from './socket.ts';

const F_SETFL = 4;
const F_SETOWN = 8;
const F_SETSIG = 10;
const O_ASYNC_NONBLOCK = 0o20000 | 0o4000;
/** Ignored by default, so that a late one harms nobody; sent by nothing else that Node uses. */
const SIGNAL = 'SIGURG';
const SIGNAL_NUMBER = 23;
/** Signals of one kind coalesce and could in theory be missed: an empty read costs a microsecond. */
const SAFETY_INTERVAL_MS = 1000;
/** What may wait for us before the kernel drops notifications: some 50,000 of them. */
const BUFFER_BYTES = 16 * 1024 * 1024;

export class KernelListener {
  readonly #socket: NetlinkSocket;
  readonly #onEvent: (event: KernelEvent) => void;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;
  #isReading = false;
  #isWoken = false;

  /** To be called inside the network namespace that is to be followed. */
  constructor(onEvent: (event: KernelEvent) => void) {
    this.#onEvent = onEvent;
    this.#socket = new NetlinkSocket(NETLINK.route, { groups: Object.values(RTNLGRP), bufferBytes: BUFFER_BYTES });
    process.on(SIGNAL, this.#wake);
    this.#timer = setInterval(this.#wake, SAFETY_INTERVAL_MS).unref();
    checked(libc.fcntl(this.#socket.fd, F_SETSIG, SIGNAL_NUMBER), 'F_SETSIG');
    checked(libc.fcntl(this.#socket.fd, F_SETOWN, process.pid), 'F_SETOWN');
    checked(libc.fcntl(this.#socket.fd, F_SETFL, O_ASYNC_NONBLOCK), 'O_ASYNC');
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
        if (received === 'lost') this.#onEvent({ type: 'lost' });
        else this.#tell(received);
        yield;
      }
    }
  }

  #tell(messages: readonly Message[]): void {
    for (const message of messages) {
      const event = readEvent(message);
      if (event !== undefined && !this.#isClosed) this.#onEvent(event);
    }
  }
}

function readEvent({ type, body }: Message): KernelEvent | undefined {
  if (type === RTM.newLink || type === RTM.deleteLink) {
    const link = readLink(body);
    return link && { type: 'link', link, isGone: type === RTM.deleteLink };
  }
  if (type === RTM.newAddress || type === RTM.deleteAddress) {
    const address = readInterfaceAddress(body);
    return address && { type: 'address', address, isGone: type === RTM.deleteAddress };
  }
  if (type === RTM.newRoute || type === RTM.deleteRoute) {
    const route = readRoute(body);
    return route && { type: 'route', route, isGone: type === RTM.deleteRoute };
  }
  return undefined;
}
