/**
 * Prometheus' text form of metrics. Pure. Source: "Exposition formats", version 0.0.4. Written by hand: what we expose is read from elsewhere at the
 * moment of asking, counters of the kernel among it, so that a registry of values of its own would only be in the way.
 */

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | bigint;
  /** Of a summary: `_sum` or `_count`. */
  readonly suffix?: '_sum' | '_count';
}

export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** One sample without labels. */
export function metric(type: 'counter' | 'gauge', name: string, help: string, value: number | bigint): MetricFamily {
  return { name, type, help, samples: [{ value }] };
}

/** Families without a sample are left out. */
export function printMetrics(families: readonly MetricFamily[]): string {
  const shown = families.filter(({ samples }) => samples.length > 0);
  return shown.map((family) => `${printFamily(family).join('\n')}\n`).join('');
}

function printFamily({ name, type, help, samples }: MetricFamily): string[] {
  const head = [`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`];
  return [
    ...head,
    ...samples.map((sample) => `${name}${sample.suffix ?? ''}${printLabels(sample)} ${printValue(sample)}`),
  ];
}

function printLabels({ labels = {} }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function printValue({ value }: Sample): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
