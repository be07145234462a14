/**
 * Settings of the API server's way in: limits, tokens, joining hosts, stopping. Pure; `settings.ts` hands in the variables and collects
 * the problems, each of which names its variable.
 */
import { join } from 'node:path';
import type { Problem } from './lib/problem.ts';

type Values = Readonly<Record<string, string | undefined>>;

export interface ApiSettings {
  readonly limits: {
    /** Requests of one identity; 0: no limit. Whoever comes over a socket of this host has a limit of his own. */
    readonly ratePerSecond: number;
    readonly localRatePerSecond: number;
    /** Refused proofs of identity from one address. */
    readonly failuresPerSecond: number;
    readonly watchesMax: number;
    readonly bodyBytesMax: number;
  };
  readonly connections: {
    /** Of each listener. */
    readonly max: number;
    readonly requestTimeoutMs: number;
    readonly stallTimeoutMs: number;
    readonly responseTimeoutMs: number;
    readonly drainDelayMs: number;
    readonly drainTimeoutMs: number;
  };
  readonly tokens: { readonly keyFile: string; readonly audience: string; readonly lifetimeMaxMs: number };
  readonly enrolment: {
    readonly caKeyFile: string;
    readonly lifetimeMs: number;
    /** Where other hosts reach the API and its etcd face; empty to find out from listeners and certificates. */
    readonly advertiseApi: readonly string[];
    readonly advertiseEtcd: readonly string[];
  };
}

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const dayMs = 24 * 60 * minuteMs;
const mebibyte = 1024 * 1024;

export function readApiSettings(
  values: Values,
  directories: { readonly configDir: string; readonly dataDir: string },
  problems: Problem[],
): ApiSettings {
  const read = readers(values, problems);
  return {
    limits: {
      ratePerSecond: read.count('CALICO_API_RATE', 1000, 0, 1_000_000),
      localRatePerSecond: read.count('CALICO_API_LOCAL_RATE', 0, 0, 1_000_000),
      failuresPerSecond: read.count('CALICO_API_FAILURES_RATE', 10, 1, 1_000_000),
      watchesMax: read.count('CALICO_API_WATCHES', 2000, 1, 1_000_000),
      bodyBytesMax: read.bytes('CALICO_API_BODY_MAX', 8 * mebibyte, 1024, 64 * mebibyte),
    },
    connections: {
      max: read.count('CALICO_API_CONNECTIONS', 4000, 1, 1_000_000),
      requestTimeoutMs: read.duration('CALICO_API_REQUEST_TIMEOUT', '30s', secondMs, 60 * minuteMs),
      stallTimeoutMs: read.duration('CALICO_API_STALL_TIMEOUT', '30s', secondMs, 60 * minuteMs),
      responseTimeoutMs: read.duration('CALICO_API_RESPONSE_TIMEOUT', '5m', secondMs, dayMs),
      drainDelayMs: read.duration('CALICO_DRAIN_DELAY', '0s', 0, 10 * minuteMs),
      drainTimeoutMs: read.duration('CALICO_DRAIN_TIMEOUT', '10s', secondMs, 60 * minuteMs),
    },
    tokens: {
      keyFile: values.CALICO_TOKEN_KEY_FILE ?? join(directories.dataDir, 'token.key'),
      audience: read.word('CALICO_TOKEN_AUDIENCE', 'calico-apiserver'),
      lifetimeMaxMs: read.duration('CALICO_TOKEN_LIFETIME_MAX', '90d', 10 * minuteMs, 3650 * dayMs),
    },
    enrolment: {
      caKeyFile: values.CALICO_CA_KEY_FILE ?? join(directories.configDir, 'ca.key'),
      lifetimeMs: read.duration('CALICO_NODE_CERT_LIFETIME', '90d', 10 * secondMs, 3650 * dayMs),
      advertiseApi: read.urls('CALICO_API_ADVERTISE'),
      advertiseEtcd: read.urls('CALICO_ETCD_ADVERTISE'),
    },
  };
}

const unitMs: Readonly<Record<string, number>> = { s: secondMs, m: minuteMs, h: 60 * minuteMs, d: dayMs };
const unitBytes: Readonly<Record<string, number>> = { '': 1, K: 1024, M: mebibyte };

function readers(values: Values, problems: Problem[]) {
  const refuse = (path: string, message: string, value: string) => problems.push({ path, message, value });
  return {
    count(name: string, byDefault: number, least: number, most: number): number {
      const text = values[name] ?? String(byDefault);
      const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
      if (count >= least && count <= most) return count;
      refuse(name, `must be a whole number from ${least} to ${most}`, text);
      return byDefault;
    },
    duration(name: string, byDefault: string, leastMs: number, mostMs: number): number {
      const text = values[name] ?? byDefault;
      const [, number, unit = ''] = /^(\d{1,8})([smhd])$/.exec(text) ?? [];
      const ms = Number(number) * (unitMs[unit] ?? Number.NaN);
      if (ms >= leastMs && ms <= mostMs) return ms;
      refuse(name, `must be a number with a unit (s, m, h, d), from ${leastMs / 1000}s to ${mostMs / 1000}s`, text);
      return 0;
    },
    bytes(name: string, byDefault: number, least: number, most: number): number {
      const text = values[name] ?? String(byDefault);
      const [, number, unit = ''] = /^(\d{1,9})([KM]?)$/.exec(text) ?? [];
      const bytes = Number(number) * (unitBytes[unit] ?? Number.NaN);
      if (bytes >= least && bytes <= most) return bytes;
      refuse(name, `must be a count of bytes, with K or M for more, from ${least} to ${most / mebibyte}M`, text);
      return byDefault;
    },
    word(name: string, byDefault: string): string {
      const text = values[name] ?? byDefault;
      if (!/^[\x21-\x7e]{1,253}$/.test(text)) refuse(name, 'must be 1 to 253 letters without blanks', text);
      return text;
    },
    urls(name: string): readonly string[] {
      const urls = (values[name] ?? '').split(',').flatMap((text) => text.trim() || []);
      for (const url of urls)
        if (!/^https:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):\d{1,5}$/.test(url))
          refuse(name, 'must be https://ADDRESS:PORT, or several with commas', url);
      return urls;
    },
  };
}
