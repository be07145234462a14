/** Turns a stored FelixConfiguration into raw parameter texts, the form every layer shares. Pure. Source: data model, FelixConfiguration mechanism. */

/** YAML names whose parameter is not simply the same word, lower case on both sides. */
const renamed: Readonly<Record<string, string>> = {
  iptablespostwritecheckinterval: 'iptablespostwritecheckintervalsecs',
  iptableslockprobeinterval: 'iptableslockprobeintervalmillis',
  netlinktimeout: 'netlinktimeoutsecs',
  ipipenabled: 'ipinipenabled',
  ipipmtu: 'ipinipmtu',
  reportinginterval: 'reportingintervalsecs',
  reportingttl: 'reportingttlsecs',
  endpointreportingdelay: 'endpointreportingdelaysecs',
  usagereportinginitialdelay: 'usagereportinginitialdelaysecs',
  usagereportinginterval: 'usagereportingintervalsecs',
  externalnodeslist: 'externalnodescidrlist',
  bpfconntrackmode: 'bpfconntrackcleanupmode',
  wireguardkeepalive: 'wireguardpersistentkeepalive',
};

const annotationPrefix = 'config.projectcalico.org/';

/** Parameter name in lower case -> text. Annotations `config.projectcalico.org/<Param>` win over fields. Anything unreadable is left out. */
export function valuesOfSpec(resource: unknown): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of entries(child(resource, 'spec'))) {
    const lower = name.toLowerCase();
    const text = textOf(value, lower);
    if (text !== undefined) values.set(renamed[lower] ?? lower, text);
  }
  for (const [name, value] of entries(child(child(resource, 'metadata'), 'annotations'))) {
    if (name.startsWith(annotationPrefix) && typeof value === 'string')
      values.set(name.slice(annotationPrefix.length).toLowerCase(), value);
  }
  return values;
}

function textOf(value: unknown, name: string): string | undefined {
  if (typeof value === 'string') return durationSeconds(value, name) ?? value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return listText(value);
  if (typeof value !== 'object' || value === null) return undefined;
  if ('min' in value && 'max' in value) return `${value.min}-${value.max}`;
  return entries(value)
    .map(([k, v]) => `${k}=${v},`)
    .join('');
}

function listText(list: readonly unknown[]): string {
  if (list.length === 0) return 'none';
  return list
    .map((item) => {
      if (typeof item !== 'object' || item === null) return String(item);
      const { protocol, port, net, min, max } = item as Record<string, unknown>;
      if (min !== undefined) return `${min}-${max}`;
      const host = typeof net === 'string' && net !== '' ? `${net.includes(':') ? `[${net}]` : net}:` : '';
      return `${String(protocol ?? 'tcp').toLowerCase()}:${host}${port}`;
    })
    .join(',');
}

const durationUnits: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** A Go duration as seconds (milliseconds for the one parameter that counts in them); undefined when the text is none. */
function durationSeconds(text: string, name: string): string | undefined {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, digits, , unit] of text.matchAll(/(\d+(\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    seconds += Number(digits) * durationUnits[unit!]!;
  return String(name === 'iptableslockprobeinterval' ? seconds * 1000 : seconds);
}

function child(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}
