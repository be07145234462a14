/**
 * One port for both kinds of client: HTTP/2 goes to gRPC, HTTP/1.1 to the pages monitoring asks for, as on etcd's client port. Listens
 * and, with TLS, checks certificates; what is inside is not looked at. I/O.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { hasCode } from '../lib/errors.ts';
import { faceErrors } from './errors.ts';
import type { ListenAddress } from './listen-address.ts';

// An import of node:http takes 16 MB: it reads every export, and some load the fetch client.
const { createServer } = process.getBuiltinModule('node:http');

/** PEM texts. With `ca`, a client must show a certificate that it signed. */
export interface FaceTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

export interface FrontOptions {
  readonly listen: ListenAddress;
  readonly tls: FaceTls | undefined;
  /** Takes a connection that speaks HTTP/2. */
  onHttp2(connection: Duplex): void;
  onPage(request: IncomingMessage, response: ServerResponse): void;
}

export interface Front {
  /** The real one; 0 on a socket. */
  readonly port: number;
  /** Other certificates for the connections to come. */
  setTls(pair: FaceTls): void;
  /** Takes nobody in any more, and no more requests for pages. */
  close(): void;
  /** Resolves when all connections have ended; those that have not after `graceMs` are cut. */
  ended(graceMs: number): Promise<void>;
}

/** How HTTP/2 begins; no HTTP/1.1 request does. */
const http2Preface = Buffer.from('PRI ');
/** For a handshake, a first request, and a request's end. */
const patienceMs = 10_000;

/** Resolves once it listens. Errors: ETCD_FACE_IN_USE, ETCD_FACE_BAD_ADDRESS. */
export async function openFront(options: FrontOptions): Promise<Front> {
  const pages = createServer({ requestTimeout: patienceMs, keepAliveTimeout: patienceMs }, options.onPage);
  const open = new Set<Duplex>();
  const forPages = new Set<Duplex>();
  const server = createListener(options, (connection, isHttp2) => {
    if (isHttp2) return options.onHttp2(connection);
    forPages.add(connection);
    connection.once('close', () => forPages.delete(connection));
    pages.emit('connection', connection);
  });
  server.on('connection', (socket: net.Socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => open.delete(socket));
  });
  await listening(server, options.listen);
  const address = server.address() as AddressInfo | string;
  return {
    port: typeof address === 'string' ? 0 : address.port,
    setTls(pair) {
      if (server instanceof tls.Server) server.setSecureContext({ ...pair, minVersion: 'TLSv1.2' });
    },
    close() {
      server.close();
      for (const connection of forPages) connection.destroy();
    },
    async ended(graceMs) {
      const timer = setTimeout(() => open.forEach((socket) => void socket.destroy()), graceMs);
      await Promise.all([...open].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
      clearTimeout(timer);
    },
  };
}

type Route = (connection: Duplex, isHttp2: boolean) => void;

function createListener({ listen, tls: pair }: FrontOptions, route: Route): net.Server {
  if (listen.type === 'unix' || !listen.secure || pair === undefined)
    return net.createServer((socket) => peek(socket, route));
  const server = tls.createServer({
    ...pair,
    requestCert: pair.ca !== undefined,
    rejectUnauthorized: pair.ca !== undefined,
    ALPNProtocols: ['h2', 'http/1.1'],
    minVersion: 'TLSv1.2',
    handshakeTimeout: patienceMs,
  });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    route(socket, socket.alpnProtocol === 'h2');
  });
  return server;
}

/** Without TLS the first bytes tell. They are put back. */
function peek(socket: net.Socket, route: Route, before: Buffer = Buffer.alloc(0)): void {
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  socket.once('close', () => clearTimeout(timer));
  socket.once('readable', () => {
    clearTimeout(timer);
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return socket.readableEnded || socket.destroyed ? undefined : peek(socket, route, before);
    const bytes = Buffer.concat([before, chunk]);
    const length = Math.min(bytes.length, http2Preface.length);
    const isHttp2 = bytes.subarray(0, length).equals(http2Preface.subarray(0, length));
    if (isHttp2 && bytes.length < http2Preface.length) return peek(socket, route, bytes);
    socket.unshift(bytes);
    route(socket, isHttp2);
  });
}

function listening(server: net.Server, listen: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const code = hasCode(cause, 'EADDRINUSE') ? 'IN_USE' : 'BAD_ADDRESS';
      reject(faceErrors.fail(`ETCD_FACE_${code}`, cause.message, { cause }));
    });
    if (listen.type === 'unix') server.listen(listen.path, resolve);
    else server.listen(listen.port, listen.host, resolve);
  });
}
