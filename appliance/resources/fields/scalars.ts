/**
 * The values with several spellings and one normal form: protocol, port, AS number, duration, DSCP.
 * Pure. Source: the JSON forms of Calico's `numorstring` types and Go's `time.Duration`.
 */
import { integer, type ScalarReading, type ScalarSchema } from '../../lib/schema.ts';
import { parseDuration, printDuration } from './duration.ts';
import { checkEndpointPortName } from './interface-name.ts';

const portDigits = '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';
const upTo255 = '(?:[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])';
const upTo16Bits = `(?:0|${portDigits})`;
const upTo32Bits =
  '(?:[0-9]|[1-9][0-9]{1,8}|[1-3][0-9]{9}|4[01][0-9]{8}|42[0-8][0-9]{7}|429[0-3][0-9]{6}|4294[0-8][0-9]{5}|42949[0-5][0-9]{4}|429496[0-6][0-9]{3}|4294967[01][0-9]{2}|42949672[0-8][0-9]|429496729[0-5])';
const portProtocolNumbers = { type: 'integer', enum: [6, 17, 132] };
const portProtocolNames = { type: 'string', enum: ['TCP', 'UDP', 'SCTP', '6', '17', '132'] };

/** Go's durations as a pattern. */
export function durationPattern(sign: string): string {
  const number = '(?:[0-9]{1,6}(?:[.][0-9]{0,9})?|[.][0-9]{1,9})';
  return `^${sign}(?:0|(?:${number}(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h)){1,3})$`;
}

const protocolNames = ['TCP', 'UDP', 'ICMP', 'ICMPv6', 'SCTP', 'UDPLite'];

/** Protocol by name (exact case) or number. */
export const protocolSchema: ScalarSchema = {
  type: 'scalar',
  name: 'protocol',
  json: intOrString(
    `Number 1-255, or one of ${protocolNames.join(', ')}.`,
    [1, 255],
    `^(?:${protocolNames.join('|')}|${upTo255})$`,
  ),
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
  json: { ...intOrString('TCP, UDP, SCTP, or their numbers.'), anyOf: [portProtocolNumbers, portProtocolNames] },
  read: (value) => {
    const result = protocolSchema.read(value);
    return 'value' in result && !hasPorts(result.value) ? { message: 'must be TCP, UDP or SCTP' } : result;
  },
};

/** Port of a rule: a number, a range `min:max`, or the name of an endpoint's port. */
export const portSchema: ScalarSchema = {
  type: 'scalar',
  name: 'port',
  json: intOrString(
    'Number 1-65535, range min:max, or the name of a port.',
    [1, 65535],
    `^(?:${portDigits}|${portDigits}:${portDigits}|(?=.{1,15}$)(?=.*[a-z])[a-z0-9](?:-?[a-z0-9])*)$`,
  ),
  read: (value) => readPort(value, true),
};

/** Port or range, no names. */
export const numericPortSchema: ScalarSchema = {
  ...portSchema,
  json: intOrString('Number 1-65535 or range min:max.', [1, 65535], `^${portDigits}(?::${portDigits})?$`),
  read: (value) => readPort(value, false),
};

/** A plain port number. */
export const portNumberSchema = integer(1, 65535);

/** AS number, decimal or dotted. */
export const asNumberSchema: ScalarSchema = {
  type: 'scalar',
  name: 'asNumber',
  json: intOrString(
    'Number 0-4294967295, or two 16-bit numbers joined by a dot.',
    [0, 0xffffffff],
    `^(?:${upTo32Bits}|${upTo16Bits}\\.${upTo16Bits})$`,
  ),
  read: readAsNumber,
};

/** Go duration text, kept in Go's canonical form. */
export const durationSchema: ScalarSchema = {
  type: 'scalar',
  name: 'duration',
  json: { type: 'string', description: 'Duration such as 90s, 1m30s, 15m.', pattern: durationPattern('[+-]?') },
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
  json: intOrString(
    'Number 0-63, or a name: DF, EF, AF11 to AF43, CS0 to CS6.',
    [0, 63],
    '^(?:[0-9]|[1-5][0-9]|6[0-3]|[Dd][Ff]|[Ee][Ff]|[Aa][Ff][1-4][1-3]|[Cc][Ss][0-6])$',
  ),
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

/** A number within limits, or a text of a shape; the shape leaves out zeros in front, which are taken too. */
function intOrString(description: string, [minimum, maximum] = [0, 65535], pattern = ''): Record<string, unknown> {
  const anyOf = [
    { type: 'integer', minimum, maximum },
    { type: 'string', pattern },
  ];
  return { 'x-kubernetes-int-or-string': true, anyOf, description };
}
