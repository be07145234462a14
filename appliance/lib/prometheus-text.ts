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
  return [...printInParts(families)].join('');
}

/** So many lines at a time: whoever has many lets others have their turn in between. */
const partLines = 500;

export function* printInParts(families: readonly MetricFamily[]): Generator<string> {
  for (const { name, type, help, samples } of families) {
    if (samples.length === 0) continue;
    yield `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
    for (let i = 0; i < samples.length; i += partLines) {
      const part = samples.slice(i, i + partLines);
      yield part.map((each) => `${name}${each.suffix ?? ''}${printLabels(each)} ${printValue(each)}\n`).join('');
    }
  }
}

function printLabels({ labels }: Sample): string {
  let pairs = '';
  for (const label in labels) pairs += `${pairs === '' ? '{' : ','}${label}="${escapeLabel(labels[label]!)}"`;
  return pairs === '' ? '' : `${pairs}}`;
}

const special = /["\\\n]/;

function escapeLabel(text: string): string {
  if (!special.test(text)) return text;
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function printValue({ value }: Sample): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}
