/**
 * Certificate, key and authority of a TLS listener, followed on disk: a good new set is handed on, a bad one is told and kept out. Looked
 * at by their times and sizes every few seconds, which works for renamed files, links and any file system. I/O.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Logger } from '../lib/log.ts';

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

export interface TlsTexts {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

const lookIntervalMs = 2_000;

/** Throws what says which file is wrong. */
export function readTlsFiles({ certFile, keyFile, caFile }: TlsFiles, nowMs: number): TlsTexts {
  const texts = { cert: readFileSync(certFile), key: readFileSync(keyFile), ca: readFileSync(caFile) };
  checkEnd(certFile, texts.cert, nowMs);
  checkEnd(caFile, texts.ca, nowMs);
  try {
    createSecureContext(texts);
  } catch (error) {
    throw new Error(`${certFile} and ${keyFile} cannot be used: ${(error as Error).message}`, { cause: error });
  }
  return texts;
}

function checkEnd(file: string, text: Buffer, nowMs: number): void {
  let end: number;
  try {
    end = new X509Certificate(text).validToDate.getTime();
  } catch (error) {
    throw new Error(`${file} is no certificate: ${(error as Error).message}`, { cause: error });
  }
  if (end <= nowMs) throw new Error(`${file} has expired on ${new Date(end).toISOString()}`);
}

/** Calls `use` with each new good set. Dispose to stop. */
export function followTlsFiles(
  files: TlsFiles,
  use: (texts: TlsTexts) => void,
  log: Logger,
  intervalMs: number = lookIntervalMs,
): Disposable {
  let seen = markOf(files);
  const look = () => {
    const mark = markOf(files);
    if (mark === seen) return;
    seen = mark;
    try {
      use(readTlsFiles(files, Date.now()));
      log.info({ certFile: files.certFile }, 'certificates read anew');
    } catch (error) {
      log.error({ error: (error as Error).message }, 'new certificates cannot be used, keeping those in use');
    }
  };
  const timer = setInterval(look, intervalMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Changes when any of the files does. */
function markOf({ certFile, keyFile, caFile }: TlsFiles): string {
  return [certFile, keyFile, caFile]
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? '' : `${stat.ino}:${stat.size}:${stat.mtimeNs}`;
    })
    .join(' ');
}
