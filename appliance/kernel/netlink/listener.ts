/**
 * Follows changes of links, addresses, routes, neighbours and settings. I/O.
 * Source: rtnetlink(7).
 */
import type { KernelEvent } from '../kernel.ts';
import { readInterfaceAddress } from './addresses.ts';
import { readLink } from './links.ts';
import type { Message } from './message.ts';
import { readNeighbour } from './neighbours.ts';
import { RTM, RTNLGRP } from './route-numbers.ts';
import { readRoute } from './routes.ts';
import { readSettings } from './settings.ts';
import { NETLINK, NetlinkSocket, type Received } from './socket.ts';
import { WokenSocket } from './woken-socket.ts';

/** What may wait for us before the kernel drops notifications: some 50,000 of them. */
const BUFFER_BYTES = 16 * 1024 * 1024;

export class KernelListener {
  readonly #socket: WokenSocket;
  readonly #onEvent: (event: KernelEvent) => void;

  /** To be called inside the network namespace that is to be followed. */
  constructor(onEvent: (event: KernelEvent) => void, types?: readonly KernelEvent['type'][]) {
    this.#onEvent = onEvent;
    const followed = Object.entries(RTNLGRP).filter(([type]) => types?.some((named) => named === type) ?? true);
    const groups = followed.flatMap(([, numbers]) => numbers);
    const socket = new NetlinkSocket(NETLINK.route, { groups, bufferBytes: BUFFER_BYTES });
    this.#socket = new WokenSocket(socket, (received) => this.#tell(received));
  }

  close(): void {
    this.#socket.close();
  }

  #tell(received: NonNullable<Received>): void {
    if (received === 'lost') {
      this.#onEvent({ type: 'lost' });
      return;
    }
    for (const message of received) {
      const event = readEvent(message);
      if (event !== undefined && !this.#socket.isClosed) this.#onEvent(event);
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
  if (type === RTM.newNeighbour || type === RTM.deleteNeighbour) {
    const neighbour = readNeighbour(body);
    return neighbour && { type: 'neighbour', neighbour, isGone: type === RTM.deleteNeighbour };
  }
  if (type === RTM.newSettings) {
    const settings = readSettings(body);
    return settings && { type: 'settings', ...settings };
  }
  return undefined;
}
