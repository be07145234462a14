/**
 * The sockets of the API: unix, plain http on loopback, https. Whoever is slow, endless or too many is bounded here, before any route
 * is looked at. Who a client is and whether that holds is decided for each request (`plugins/authenticate.ts`). I/O.
 */
import { constants } from 'node:crypto';
import type http from 'node:http';
import type { RequestListener, ServerOptions } from 'node:http';
import https from 'node:https';
import { type AddressInfo, Server, type Socket } from 'node:net';
import type { Logger } from '../lib/log.ts';
import { listenOnUnixSocket } from '../lib/unix-socket.ts';
import { followTlsFiles, readTlsFiles, type TlsFiles } from '../pki/tls-files.ts';
import { failure } from './status.ts';

// An import of node:http takes 16 MB: it reads every export, and some load the fetch client.
const { createServer } = process.getBuiltinModule('node:http');

/** One place to listen on. */
export type ApiAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'http' | 'https'; readonly host: string; readonly port: number };

/** Files of the certificate, its key, and the authority that signs clients' certificates. */
export type ApiTls = TlsFiles;

export interface ConnectionLimits {
  readonly max: number;
  /** For the whole of a request to arrive; its head has a third of that. */
  readonly requestTimeoutMs: number;
  /** For a client that does not read what is waiting for it. */
  readonly stallTimeoutMs: number;
  /** For requests under way when the listener closes. */
  readonly drainTimeoutMs: number;
}

export interface Listener {
  /** As a client would write it, with the real port. */
  readonly address: string;
  /** Takes no more connections, lets running requests finish within bounds, then closes. */
  close(): Promise<void>;
}

/** Owner and group may connect. */
const socketMode = 0o660;
const handshakeTimeoutMs = 10_000;
const keepAliveTimeoutMs = 90_000;
const headerBytesMax = 64 * 1024;
const limitsDefault: ConnectionLimits = {
  max: 4000,
  requestTimeoutMs: 30_000,
  stallTimeoutMs: 30_000,
  drainTimeoutMs: 10_000,
};
/** Forward secrecy and authenticated encryption only. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Begins to listen and hands every request to `handler`. Throws what the system says when it cannot. */
export async function listen(
  address: ApiAddress,
  tls: ApiTls,
  handler: RequestListener,
  log: Logger,
  limits: ConnectionLimits = limitsDefault,
): Promise<Listener> {
  const state = { isClosing: false };
  // a client that is told not to come again on this connection meets no closed door
  const serve: RequestListener = (request, response) => {
    if (state.isClosing) response.setHeader('connection', 'close');
    handler(request, response);
  };
  const options = optionsOf(limits);
  const server = address.type === 'https' ? secureServer(tls, options, serve, log) : createServer(options, serve);
  const sockets = bound(server, limits, log);
  const close = () => drain(server, sockets, state, limits.drainTimeoutMs);
  if (address.type === 'unix') {
    await listenOnUnixSocket(server, address.path, socketMode);
    return { address: `unix:${address.path}`, close };
  }
  await bind(server, address.host, address.port);
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return { address: `${address.type}://${host}:${port}`, close };
}

function optionsOf({ requestTimeoutMs }: ConnectionLimits): ServerOptions {
  return {
    requestTimeout: requestTimeoutMs,
    headersTimeout: Math.ceil(requestTimeoutMs / 3),
    keepAliveTimeout: keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, requestTimeoutMs / 3),
    maxHeaderSize: headerBytesMax,
  };
}

/** A certificate is asked for, and whatever is shown is looked at for each request; files that are replaced count for new connections. */
function secureServer(tls: ApiTls, options: ServerOptions, handler: RequestListener, log: Logger): https.Server {
  const fixed = {
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    ciphers,
    honorCipherOrder: true,
    // a resumed session would bring an old verdict on a certificate with it
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: handshakeTimeoutMs,
  } as const;
  const server = https.createServer({ ...options, ...fixed, ...readTlsFiles(tls, 0) }, handler);
  server.on('tlsClientError', (error, socket) =>
    log.warn({ from: socket.remoteAddress, reason: error.message }, 'handshake refused'),
  );
  const following = followTlsFiles(tls, (texts) => server.setSecureContext({ ...fixed, ...texts }), log);
  server.once('close', () => following[Symbol.dispose]());
  return server;
}

const toldEveryMs = 10_000;

/** Bounds connections: how many, how long one may let an answer wait, what is said to those who speak no HTTP. Gives all that are open. */
function bound(server: http.Server | https.Server, limits: ConnectionLimits, log: Logger): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  let toldMs = Number.NEGATIVE_INFINITY;
  server.maxConnections = limits.max;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('drop', (dropped) => {
    if (performance.now() - toldMs < toldEveryMs) return;
    toldMs = performance.now();
    log.warn({ from: dropped?.remoteAddress, connections: limits.max }, 'too many connections');
  });
  // an idle watch is well; one with something waiting for it is not
  server.timeout = limits.stallTimeoutMs;
  server.on('timeout', (socket: Socket) => {
    if (socket.writableLength === 0) return;
    log.warn({ from: socket.remoteAddress ?? 'unix', waitingBytes: socket.writableLength }, 'client does not read');
    socket.destroy();
  });
  server.on('clientError', answerNonsense);
  return sockets;
}

/** What cannot be read as a request is answered as far as that is possible. */
function answerNonsense(error: NodeJS.ErrnoException, socket: Socket & { bytesWritten: number }): void {
  if (!socket.writable || socket.bytesWritten > 0 || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [code, phrase, reason] = nonsense(error.code);
  const body = JSON.stringify(failure(code, reason, phrase.toLowerCase(), {}));
  const head = `HTTP/1.1 ${code} ${phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

function nonsense(code: string | undefined): readonly [number, string, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [431, 'Request Header Fields Too Large', 'RequestHeaderFieldsTooLarge'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return [408, 'Request Timeout', 'Timeout'];
    default:
      return [400, 'Bad Request', 'BadRequest'];
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** For a request that is on its way while its connection counts as idle. */
const idleGraceMs = 500;
const lookMs = 50;

async function drain(
  server: http.Server | https.Server,
  sockets: ReadonlySet<Socket>,
  state: { isClosing: boolean },
  timeoutMs: number,
): Promise<void> {
  state.isClosing = true;
  // that of http would close idle connections at once
  const closed = new Promise((resolve) => Server.prototype.close.call(server, resolve));
  let looking: NodeJS.Timeout | undefined;
  const idle = setTimeout(() => {
    looking = setInterval(() => server.closeIdleConnections(), lookMs);
  }, idleGraceMs);
  const force = setTimeout(() => sockets.forEach((socket) => void socket.destroy()), timeoutMs);
  await closed;
  clearTimeout(idle);
  clearInterval(looking);
  clearTimeout(force);
  server.close();
}
