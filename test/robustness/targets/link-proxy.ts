/** A TCP port in front of a server that can be cut, stalled and slowed: the network between clients and servers, as far as they can tell. I/O. */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Link } from '../target.ts';

type Mode = 'open' | 'cut' | 'stalled';

export class LinkProxy implements Link, AsyncDisposable {
  readonly #upstream: net.NetConnectOpts;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  #mode: Mode = 'open';
  #delayMs = 0;

  constructor(upstream: net.NetConnectOpts) {
    this.#upstream = upstream;
    this.#server = net.createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Where clients go. */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  cut(): void {
    this.#mode = 'cut';
    for (const socket of this.#sockets) socket.destroy();
  }

  stall(): void {
    this.#mode = 'stalled';
    for (const socket of this.#sockets) socket.pause();
  }

  slow(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  heal(): void {
    this.#mode = 'open';
    this.#delayMs = 0;
    for (const socket of this.#sockets) socket.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(socket: net.Socket): void {
    if (this.#mode === 'cut') {
      socket.destroy();
      return;
    }
    const upstream = net.connect({ ...this.#upstream, noDelay: true });
    this.#carry(socket, upstream);
    this.#carry(upstream, socket);
  }

  /** Moves what arrives, in order, each piece after the present delay. */
  #carry(from: net.Socket, to: net.Socket): void {
    let before = Promise.resolve();
    this.#sockets.add(from);
    if (this.#mode === 'stalled') from.pause();
    from.on('data', (data: Buffer) => {
      const due = this.#delayMs > 0 ? sleep(this.#delayMs) : undefined;
      if (due === undefined) before = before.then(() => write(to, data));
      else before = before.then(() => due).then(() => write(to, data));
    });
    from.on('error', () => undefined); // 'close' follows
    from.on('close', () => {
      this.#sockets.delete(from);
      to.destroy();
    });
  }
}

async function write(to: net.Socket, data: Buffer): Promise<void> {
  if (!to.destroyed) to.write(data);
}
