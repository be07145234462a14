/**
 * The values with several spellings and one normal form: protocol, port, AS number, duration, DSCP.
 * Pure. Source: the JSON forms of Calico's `numorstring` types and Go's `time.Duration`.
 */
import { integer, type ScalarReading, type ScalarSchema } from '../../lib/schema.ts';
import { parseDuration, printDuration } from './duration.ts';
import { checkEndpointPortName } from './interface-name.ts';

const protocolNames = ['TCP', 'UDP', 'ICMP', 'ICMPv6', 'SCTP', 'UDPLite'];

/** Protocol by name (exact case) or number. */
export const protocolSchema: ScalarSchema = {
  type: 'scalar',
  name: 'protocol',
  json: intOrString(`Number 1-255, or one of ${protocolNames.join(', ')}.`),
  read: (value) => {
    const numeric = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (typeof numeric === 'number' && Number.isInteger(numeric) && numeric >= 1 && numeric <= 255)
      return { value: numeric };
    if (typeof numeric === 'string' && protocolNames.includes(numeric)) return { value: numeric };
    return { message: `must be a number from 1 to 255 or one of ${protocolNames.join(', ')}` };
  },
  zero: '',
};

/** True when packets of this protocol have ports. */
export function hasPorts(protocol: unknown): boolean {
  return ['TCP', 'UDP', 'SCTP', 6, 17, 132].some((p) => p === protocol);
}

/** Protocol of an endpoint's port or of a failsafe: only those with ports. */
export const portProtocolSchema: ScalarSchema = {
  ...protocolSchema,
  read: (value) => {
    const result = protocolSchema.read(value);
    return 'value' in result && !hasPorts(result.value) ? { message: 'must be TCP, UDP or SCTP' } : result;
  },
};

/** Port of a rule: a number, a range `min:max`, or the name of an endpoint's port. */
export const portSchema: ScalarSchema = {
  type: 'scalar',
  name: 'port',
  json: intOrString('Number 1-65535, range min:max, or the name of a port.'),
  read: (value) => readPort(value, true),
};

/** Port or range, no names. */
export const numericPortSchema: ScalarSchema = {
  ...portSchema,
  json: intOrString('Number 1-65535 or range min:max.'),
  read: (value) => readPort(value, false),
};

/** A plain port number. */
export const portNumberSchema = integer(1, 65535);

/** AS number, decimal or dotted. */
export const asNumberSchema: ScalarSchema = {
  type: 'scalar',
  name: 'asNumber',
  json: { ...intOrString('Number 0-4294967295, or two 16-bit numbers joined by a dot.') },
  read: readAsNumber,
};

/** Go duration text, kept in Go's canonical form. */
export const durationSchema: ScalarSchema = {
  type: 'scalar',
  name: 'duration',
  json: { type: 'string', description: 'Duration such as 90s, 1m30s, 15m.' },
  read: (value) => {
    const nanoseconds = typeof value === 'string' ? parseDuration(value) : undefined;
    return nanoseconds === undefined
      ? { message: 'must be a duration such as 90s, 1m30s or 500ms' }
      : { value: printDuration(nanoseconds) };
  },
  zero: '0s',
};

const dscpNames = new Set([
  'DF',
  'EF',
  ...[1, 2, 3, 4].flatMap((c) => [1, 2, 3].map((d) => `AF${c}${d}`)),
  ...[0, 1, 2, 3, 4, 5, 6].map((c) => `CS${c}`),
]);

/** Differentiated services code point by number or name. */
export const dscpSchema: ScalarSchema = {
  type: 'scalar',
  name: 'dscp',
  json: intOrString('Number 0-63, or a name: DF, EF, AF11 to AF43, CS0 to CS6.'),
  read: (value) => {
    const numeric = typeof value === 'string' && /^\d{1,2}$/.test(value) ? Number(value) : value;
    if (typeof numeric === 'number' && Number.isInteger(numeric) && numeric >= 0 && numeric <= 63)
      return { value: numeric };
    if (typeof numeric === 'string' && dscpNames.has(numeric.toUpperCase())) return { value: numeric };
    return { message: 'must be a number from 0 to 63 or one of DF, EF, AF11 to AF43, CS0 to CS6' };
  },
};

function readPort(value: unknown, mayBeNamed: boolean): ScalarReading {
  if (typeof value === 'number') return portNumber(value) ?? badPort(mayBeNamed);
  if (typeof value !== 'string') return badPort(mayBeNamed);
  const range = /^(\d{1,5}):(\d{1,5})$/.exec(value);
  if (range !== null) return readRange(Number(range[1]), Number(range[2]));
  if (/^\d+$/.test(value)) return portNumber(Number(value)) ?? badPort(mayBeNamed);
  return mayBeNamed && checkEndpointPortName(value) === undefined ? { value } : badPort(mayBeNamed);
}

function readRange(min: number, max: number): ScalarReading {
  if (portNumber(min) === undefined || portNumber(max) === undefined)
    return { message: 'ports must be from 1 to 65535' };
  if (min > max) return { message: 'minimum port is greater than maximum port' };
  return { value: min === max ? min : `${min}:${max}` };
}

function portNumber(value: number): ScalarReading | undefined {
  return Number.isInteger(value) && value >= 1 && value <= 65535 ? { value } : undefined;
}

function badPort(mayBeNamed: boolean): ScalarReading {
  return {
    message: `must be a port from 1 to 65535${mayBeNamed ? ', a range min:max or a port name' : ' or a range min:max'}`,
  };
}

function readAsNumber(value: unknown): ScalarReading {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff) return { value };
  if (typeof value === 'string') {
    if (/^\d{1,10}$/.test(value) && Number(value) <= 0xffffffff) return { value: Number(value) };
    const dotted = /^(\d{1,5})\.(\d{1,5})$/.exec(value);
    const high = Number(dotted?.[1]);
    const low = Number(dotted?.[2]);
    if (high <= 0xffff && low <= 0xffff) return { value: high * 0x10000 + low };
  }
  return { message: 'must be an AS number: 0 to 4294967295, or two 16-bit numbers joined by a dot' };
}

function intOrString(description: string): Record<string, unknown> {
  return { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }], description };
}
