/** A summary as Prometheus has it: how many, how much in all, and quantiles of what came lately. Pure: the time is given. */
import type { MetricFamily, Sample } from '../../../lib/prometheus-text.ts';

/** The quantiles speak of these many observations at most, none older than this. */
const observationsMax = 1000;
const windowMs = 10 * 60_000;
const quantiles = [0.5, 0.9, 0.99];

export class Summary {
  readonly #values: { readonly atMs: number; readonly value: number }[] = [];
  #next = 0;
  #count = 0;
  #sum = 0;

  observe(value: number, nowMs: number): void {
    this.#values[this.#next] = { atMs: nowMs, value };
    this.#next = (this.#next + 1) % observationsMax;
    this.#count++;
    this.#sum += value;
  }

  /** Quantiles are NaN while nothing was observed lately. */
  family(name: string, help: string, nowMs: number): MetricFamily {
    const recent = this.#values.flatMap(({ atMs, value }) => (nowMs - atMs <= windowMs ? [value] : [])).sort(ascending);
    const samples: Sample[] = quantiles.map((quantile) => ({
      labels: { quantile: String(quantile) },
      value: recent[Math.max(0, Math.ceil(recent.length * quantile) - 1)] ?? Number.NaN,
    }));
    const totals: Sample[] = [
      { suffix: '_sum', value: this.#sum },
      { suffix: '_count', value: this.#count },
    ];
    return { name, type: 'summary', help, samples: [...samples, ...totals] };
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}
