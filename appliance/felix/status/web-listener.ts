/**
 * An HTTP or HTTPS port that opens, moves and closes as its settings say, while the process runs. A port that cannot be had is tried again and again, and
 * said; nothing else of the agent waits for it. I/O.
 */
import type { RequestListener, Server, ServerOptions } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import type { Logger } from '../../lib/log.ts';
import { followTlsFiles, readTlsFiles } from '../../pki/tls-files.ts';

// An import of node:http takes 16 MB: it reads every export, and some load the fetch client.
const http = process.getBuiltinModule('node:http');

export interface WebTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Signs clients' certificates; empty for none. */
  readonly caFile: string;
  readonly clientAuth:
    | 'NoClientCert'
    | 'RequireAndVerifyClientCert'
    | 'RequireAnyClientCert'
    | 'VerifyClientCertIfGiven';
}

export interface WebPlace {
  /** Empty: every address. */
  readonly host: string;
  readonly port: number;
  readonly tls?: WebTls;
}

export interface WebListenerOptions {
  readonly answer: RequestListener;
  readonly log: Logger;
  /** Pause before a port that could not be had is tried again. */
  readonly retryMs?: number;
}

export interface WebListener {
  /** Takes effect soon; undefined closes. */
  configure(place: WebPlace | undefined): void;
  /** Why it does not listen although it should. */
  readonly problem: string | undefined;
  /** Settles when what was configured last is done, or has failed for the first time. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const RETRY_MS = 5_000;
/** Those who ask are a monitor or two. */
const connectionsMax = 100;
const requestTimeoutMs = 10_000;
const options: ServerOptions = {
  requestTimeout: requestTimeoutMs,
  headersTimeout: requestTimeoutMs,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16 * 1024,
};

export function createWebListener({ answer, log, retryMs = RETRY_MS }: WebListenerOptions): WebListener {
  let wanted: WebPlace | undefined;
  let open: { readonly key: string; readonly close: () => Promise<void> } | undefined;
  let problem: string | undefined;
  let retry: NodeJS.Timeout | undefined;
  let work = Promise.resolve();
  return {
    configure(place) {
      wanted = place;
      start();
    },
    get problem() {
      return problem;
    },
    settled: () => work,
    async close() {
      wanted = undefined;
      start();
      await work;
    },
  };

  function start(): void {
    clearTimeout(retry);
    work = work.then(apply);
  }

  async function apply(): Promise<void> {
    const key = JSON.stringify(wanted);
    if (open?.key === key) return;
    await open?.close();
    open = undefined;
    const before = problem;
    problem = undefined;
    if (wanted === undefined) return;
    try {
      open = { key, close: await listen(wanted, answer, log) };
      log.info({ host: wanted.host, port: wanted.port }, 'listening');
    } catch (error) {
      problem = (error as Error).message;
      if (problem !== before)
        log.warn({ host: wanted.host, port: wanted.port, problem }, 'cannot listen; trying again');
      retry = setTimeout(start, retryMs).unref();
    }
  }
}

/** Gives what closes it. */
async function listen({ host, port, tls }: WebPlace, answer: RequestListener, log: Logger) {
  const server = tls === undefined ? http.createServer(options, answer) : createSecure(tls, answer, log);
  server.maxConnections = connectionsMax;
  const address = await resolve(host);
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      server.off('error', fail);
      done();
    });
  }).catch((error: unknown) => {
    // what follows the server's files ends with it
    server.emit('close');
    throw error;
  });
  return () => closeServer(server);
}

/** A name's IPv4 address where it has one, as a resolver that asks for a place to listen at does; undefined for every address. */
async function resolve(host: string): Promise<string | undefined> {
  if (host === '') return undefined;
  const { lookup } = process.getBuiltinModule('node:dns/promises');
  return (await lookup(host, { order: 'ipv4first' })).address;
}

function createSecure({ clientAuth, ...files }: WebTls, answer: RequestListener, log: Logger): SecureServer {
  const all = { ...files, caFile: files.caFile || files.certFile };
  const fixed = {
    requestCert: clientAuth !== 'NoClientCert',
    rejectUnauthorized: clientAuth === 'RequireAndVerifyClientCert',
    minVersion: 'TLSv1.2',
  } as const;
  const { createServer } = process.getBuiltinModule('node:https');
  const server = createServer({ ...options, ...fixed, ...readTlsFiles(all, Date.now()) }, answer);
  server.on('secureConnection', (socket) => {
    if (!isWelcome(socket, clientAuth)) socket.destroy();
  });
  const following = followTlsFiles(all, (texts) => server.setSecureContext({ ...fixed, ...texts }), log);
  server.once('close', () => following[Symbol.dispose]());
  return server;
}

function isWelcome(socket: TLSSocket, clientAuth: WebTls['clientAuth']): boolean {
  const isShown = Object.keys(socket.getPeerCertificate()).length > 0;
  if (clientAuth === 'RequireAnyClientCert') return isShown;
  return clientAuth !== 'VerifyClientCertIfGiven' || !isShown || socket.authorized;
}

function closeServer(server: Server | SecureServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
