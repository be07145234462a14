/** The sockets of the API: unix, plain http on loopback, https for clients that show a certificate. I/O. */
import { readFileSync } from 'node:fs';
import type http from 'node:http';
import type { RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { Logger } from '../lib/log.ts';
import { listenOnUnixSocket } from '../lib/unix-socket.ts';

// An import of node:http takes 16 MB: it reads every export, and some load the fetch client.
const { createServer } = process.getBuiltinModule('node:http');

/** One place to listen on. */
export type ApiAddress =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'http' | 'https'; readonly host: string; readonly port: number };

/** Files of the certificate, its key, and the authority that signs clients' certificates. */
export interface ApiTls {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

export interface Listener {
  /** As a client would write it, with the real port. */
  readonly address: string;
  /** Takes no more connections, lets running requests finish for a moment, then closes. */
  close(): Promise<void>;
}

/** Owner and group may connect. */
const socketMode = 0o660;
const closeGraceMs = 2_000;

/** Begins to listen and hands every request to `handler`. Throws what the system says when it cannot. */
export async function listen(
  address: ApiAddress,
  tls: ApiTls,
  handler: RequestListener,
  log: Logger,
): Promise<Listener> {
  const server = address.type === 'https' ? secureServer(tls, handler, log) : createServer(handler);
  if (address.type === 'unix') {
    await listenOnUnixSocket(server, address.path, socketMode);
    return { address: `unix:${address.path}`, close: () => close(server) };
  }
  await bind(server, address.host, address.port);
  const { port } = server.address() as AddressInfo;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return { address: `${address.type}://${host}:${port}`, close: () => close(server) };
}

/** Refuses whom the authority does not know before a request can be sent, and tells of it. */
function secureServer(tls: ApiTls, handler: RequestListener, log: Logger): https.Server {
  const server = https.createServer(readTls(tls), handler);
  server.on('tlsClientError', (error, socket) =>
    log.warn({ from: socket.remoteAddress, reason: error.message }, 'handshake refused'),
  );
  return server;
}

function readTls({ certFile, keyFile, caFile }: ApiTls): https.ServerOptions {
  return {
    cert: readFileSync(certFile),
    key: readFileSync(keyFile),
    ca: readFileSync(caFile),
    requestCert: true,
    rejectUnauthorized: true,
  };
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

async function close(server: http.Server | https.Server): Promise<void> {
  const force = setTimeout(() => server.closeAllConnections(), closeGraceMs);
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  clearTimeout(force);
}
