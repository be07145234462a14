/**
 * `GET /metrics`: what is cheap anew each time, what costs (the kernel's counters, the store's keys) at most once in a while, however often somebody asks. I/O.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type MetricFamily, printInParts, printMetrics, prometheusContentType } from '../../../lib/prometheus-text.ts';

export interface MetricsPageParts {
  /** Cheap. */
  readonly current: () => readonly MetricFamily[];
  /** Not cheap. */
  readonly costly: () => Promise<readonly MetricFamily[]>;
  /** Before that the costly ones are not read anew. */
  readonly costlyAgeMs?: number;
}

const COSTLY_AGE_MS = 5_000;

/** Answers every request of a port that is for metrics alone. */
export function createMetricsPage({ current, costly, costlyAgeMs = COSTLY_AGE_MS }: MetricsPageParts) {
  let readMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<string> = Promise.resolve('');
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/metrics') return end(response, 404, 'try /metrics\n');
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, 'only GET\n');
    try {
      const text = await readCostly();
      response.writeHead(200, { 'content-type': prometheusContentType });
      response.end(printMetrics(current()) + text);
    } catch (error) {
      end(response, 500, `${(error as Error).message}\n`);
    }
  };

  function readCostly(): Promise<string> {
    if (performance.now() - readMs < costlyAgeMs) return reading;
    readMs = performance.now();
    reading = costly().then(printInTurns);
    // a failure is told to who asks now, and not kept
    reading.catch(() => {
      readMs = Number.NEGATIVE_INFINITY;
    });
    return reading;
  }
}

/** The event loop gets its turn between parts: policies go before monitors. */
async function printInTurns(families: readonly MetricFamily[]): Promise<string> {
  const parts: string[] = [];
  for (const part of printInParts(families)) {
    parts.push(part);
    await nextTurn();
  }
  return parts.join('');
}

function end(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}
