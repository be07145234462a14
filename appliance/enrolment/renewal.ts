/**
 * Keeps the certificate of this host alive: asks for a new one when a third of its life is left, with the present one as proof, for the
 * same key, so that one rename puts it into use. The working one stays until a checked new one is on the disk. I/O.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../lib/log.ts';
import { splitBundle } from '../pki/bundle.ts';
import { certificateProblem } from './certificate-check.ts';
import type { Issued } from './issue.ts';
import { type Credentials, requestCertificate } from './remote.ts';
import { writeFiles } from './write-files.ts';

export interface RenewalOptions {
  readonly node: string;
  readonly api: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** From 0 to 1. */
  readonly random?: () => number;
  readonly request?: typeof requestCertificate;
}

export interface RenewalStatus {
  /** ISO 8601; absent while the certificate cannot be read. */
  readonly expires?: string;
  readonly renewAt?: string;
  /** Why the last try failed. */
  readonly problem?: string;
}

export interface Renewal {
  readonly status: RenewalStatus;
  close(): Promise<void>;
}

/** Of its life when it is renewed: this much is left, and up to a tenth less so that hosts do not come together. */
const leftShare = 1 / 3;
const jitterShare = 1 / 10;
const retryMs = { first: 5_000, most: 10 * 60_000 };
/** Files are looked at this often at least: somebody may replace them by hand. */
const lookMsMax = 3_600_000;

/** When a certificate is to be renewed. Pure. */
export function renewalTime(certificate: X509Certificate, random: number): number {
  const [from, to] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  return to - (to - from) * (leftShare - jitterShare * random);
}

export function startRenewal(options: RenewalOptions): Renewal {
  const abort = new AbortController();
  const state: { status: RenewalStatus } = { status: {} };
  const done = run(options, state, abort.signal).catch(() => undefined);
  return {
    get status() {
      return state.status;
    },
    async close() {
      abort.abort();
      await done;
    },
  };
}

async function run(options: RenewalOptions, state: { status: RenewalStatus }, signal: AbortSignal): Promise<void> {
  const { now = Date.now, random = Math.random, log } = options;
  const share = random();
  let failures = 0;
  /** Of a certificate that ends with its authority soon there is no better one to be had: not again at once. */
  let notBefore = 0;
  while (!signal.aborted) {
    let waitMs: number;
    let life: { expires?: string; renewAt?: string } = {};
    try {
      const certificate = new X509Certificate(readFileSync(options.certFile));
      const at = Math.max(renewalTime(certificate, share), notBefore);
      life = { expires: certificate.validToDate.toISOString(), renewAt: new Date(at).toISOString() };
      state.status = { ...state.status, ...life };
      if (at <= now()) {
        const expires = await renew(options, certificate, now());
        log.info({ expires: expires.toISOString() }, 'certificate renewed');
        failures = 0;
        notBefore = now() + (expires.getTime() - now()) * leftShare;
        continue;
      }
      state.status = life;
      // no timer runs longer than 24 days
      waitMs = Math.min(at - now(), lookMsMax);
    } catch (error) {
      const problem = (error as Error).message;
      state.status = { ...life, problem };
      log.warn({ ...life, problem }, 'the certificate of this host cannot be renewed, trying again');
      waitMs = Math.min(retryMs.first * 2 ** failures++, retryMs.most) * (0.5 + random() / 2);
    }
    await delay(waitMs, undefined, { signal, ref: false });
  }
}

async function renew(options: RenewalOptions, present: X509Certificate, nowMs: number): Promise<Date> {
  const { node, api, caFile, certFile, keyFile, request = requestCertificate } = options;
  const [ca, key] = [readFileSync(caFile, 'utf8'), readFileSync(keyFile, 'utf8')];
  if (present.validToDate.getTime() <= nowMs)
    throw new Error(`${certFile} has expired; a join token made with --node ${node} lets this host join anew`);
  // takes memory that an agent need not have all the time
  const { createNodeRequest } = await import('../pki/signing-request.ts');
  const credentials: Credentials = { ca, cert: readFileSync(certFile), key };
  const issued = await request(api, credentials, { node, request: await createNodeRequest(node, key) });
  checkIssued(issued, { ca, key, node, nowMs });
  writeFiles([{ path: certFile, text: issued.certificate, mode: 0o644 }]);
  return new X509Certificate(issued.certificate).validToDate;
}

/** By any authority of the file: while one follows another it holds both. */
function checkIssued(
  { certificate }: Issued,
  wanted: { readonly ca: string; readonly key: string; readonly node: string; readonly nowMs: number },
): void {
  const issuer = splitBundle(wanted.ca).find((ca) =>
    new X509Certificate(certificate).checkIssued(new X509Certificate(ca)),
  );
  const problem = certificateProblem(certificate, { ...wanted, ca: issuer ?? wanted.ca });
  if (problem !== undefined) throw new Error(`the certificate that came is not taken: ${problem}`);
}
