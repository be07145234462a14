/**
 * The host's side of the wire: asks an API server for its authority and for a certificate. Every call has a time and a size limit. I/O.
 */
import type { RequestOptions } from 'node:https';
import { isRecord } from '../lib/is-record.ts';
import { findPinned } from '../pki/bundle.ts';
import type { Issued } from './issue.ts';
import { type JoinToken, printJoinBearer } from './join-token.ts';

export const enrolmentPath = '/enrolment/v1';
const callMsMax = 15_000;
const answerBytesMax = 1024 * 1024;

/** Who asks, and whom it believes. */
export interface Credentials {
  readonly ca: string;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly bearer?: string;
}

/**
 * The authority the token pins, from the first address that answers. Nothing is believed but the fingerprint, and nothing secret is sent.
 * Throws what each address said when none has it.
 */
export async function fetchPinnedAuthority(token: JoinToken): Promise<{ readonly api: string; readonly ca: string }> {
  const failures: string[] = [];
  for (const api of token.api) {
    try {
      const { body } = await call(api, 'GET', `${enrolmentPath}/authority`, { rejectUnauthorized: false });
      const ca =
        isRecord(body) && typeof body.authority === 'string' ? findPinned(body.authority, token.pin) : undefined;
      if (ca !== undefined) return { api, ca: `${ca}\n` };
      failures.push(`${api}: its authority is not the one the token names; somebody else may answer there`);
    } catch (error) {
      failures.push(`${api}: ${(error as Error).message}`);
    }
  }
  throw new Error(`no API server of the token can be used: ${failures.join('; ')}`);
}

/** A certificate for the key that has signed `request`. Throws what the server says, or why it could not be asked. */
export async function requestCertificate(
  api: string,
  credentials: Credentials,
  wish: { readonly node: string; readonly request: string },
): Promise<Issued> {
  const { bearer, ...tls } = credentials;
  const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  const { status, body } = await call(api, 'POST', `${enrolmentPath}/certificates`, { ...tls, headers }, wish);
  if (status !== 201) throw new Error(`${api} refuses (${status}): ${messageOf(body)}`);
  if (!isIssued(body)) throw new Error(`${api} does not answer like a Calico API server`);
  return body;
}

export function bearerOf(token: JoinToken): string {
  return printJoinBearer(token);
}

function isIssued(body: unknown): body is Issued {
  return (
    isRecord(body) &&
    typeof body.certificate === 'string' &&
    typeof body.authority === 'string' &&
    Array.isArray(body.etcdEndpoints) &&
    body.etcdEndpoints.every((url) => typeof url === 'string')
  );
}

function messageOf(body: unknown): string {
  return isRecord(body) && typeof body.message === 'string' ? body.message : 'without a reason';
}

function call(
  api: string,
  method: string,
  path: string,
  options: RequestOptions,
  body?: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const { request } = process.getBuiltinModule('node:https');
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = { ...options.headers, ...(payload !== undefined && { 'content-type': 'application/json' }) };
  const signal = AbortSignal.timeout(callMsMax);
  return new Promise((resolve, reject) => {
    const outgoing = request(`${api}${path}`, { ...options, method, headers, agent: false, signal }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.length > answerBytesMax) outgoing.destroy(new Error('the answer is too long'));
      });
      incoming.on('error', reject).on('end', () => {
        try {
          resolve({ status: incoming.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
        } catch {
          reject(new Error('it does not answer like a Calico API server'));
        }
      });
    });
    outgoing.on('error', (error) =>
      reject(signal.aborted ? new Error(`no answer within ${callMsMax / 1000} s`) : error),
    );
    outgoing.end(payload);
  });
}
