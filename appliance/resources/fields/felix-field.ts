/** Schema of one field of FelixConfiguration, from its row in the table of parameters. Pure. */

import {
  always,
  boolean,
  integer,
  list,
  map,
  object,
  oneOf,
  present,
  type ScalarSchema,
  type Schema,
  text,
} from '../../lib/schema.ts';
import type { FelixParameter, FelixParameterType } from '../kinds/felix-parameters.ts';
import { cidrOrIpSchema, ipSchema } from './address.ts';
import { interfaceFilterSchema } from './interface-name.ts';
import { regexSchema } from './regex.ts';
import { dscpSchema, durationPattern, durationSchema, numericPortSchema, portNumberSchema } from './scalars.ts';

/** The field's schema, with description and default. */
export function felixFieldSchema(parameter: FelixParameter): Schema {
  const schema = builders[parameter.type](parameter);
  return {
    ...schema,
    emit: parameter.emit ?? 'present',
    description: parameter.default === '' ? parameter.doc : `${parameter.doc} Default: ${parameter.default}.`,
  };
}

const builders: Readonly<Record<FelixParameterType, (parameter: FelixParameter) => Schema>> = {
  boolean: () => boolean(),
  'optional-boolean': () => boolean(),
  integer: ({ minimum, maximum }) => integer(minimum, maximum),
  seconds: () => agentDuration,
  milliseconds: () => agentDuration,
  string: patterned,
  path: () => text(),
  file: () => text(),
  'host-port': () => text(),
  enum: ({ words, isExact }) => oneOf(words!, isExact === true ? {} : { ignoreCase: true }),
  regex: () => regexSchema,
  interface: () => interfaceFilterSchema,
  'interface-patterns': () => text(),
  list: ({ yaml }) => (yaml === 'interfacePrefix' ? text() : list(interfaceFilterSchema)),
  mask: () => integer(0, 0xffffffff),
  ipv4: () => ipSchema(4),
  ipv6: () => ipSchema(6),
  cidrs: ({ yaml }) => list(cidrOrIpSchema(yaml === 'externalNodesList' ? 4 : undefined)),
  'dns-label': () => text({ check: checkRegion, shape: /^(?=.{1,46}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/ }),
  dscp: () => dscpSchema,
  'failsafe-ports': () => list(failsafePort),
  'port-range': () => numericPortSchema,
  'port-ranges': () => list(numericPortSchema, { maxItems: 7 }),
  'table-range': () => tableRange(250),
  'table-ranges': () => list(tableRange(0xffffffff)),
  'key-values': patterned,
  durations: () => list(timeoutOverride),
  'conntrack-timeouts': () => conntrackTimeouts,
  map: () => map(text()),
};

/** Durations of the agent count forwards only. */
const agentDuration: ScalarSchema = {
  ...durationSchema,
  json: { ...durationSchema.json, pattern: durationPattern('[+]?') },
  read: (value) =>
    typeof value === 'string' && value.startsWith('-')
      ? { message: 'must not be negative' }
      : durationSchema.read(value),
};

function tableRange(highest: number): Schema {
  return object({ min: always(integer(1, highest)), max: always(integer(1, highest)) }, { required: ['min', 'max'] });
}

const failsafePort = object(
  {
    protocol: oneOf(['TCP', 'UDP', 'SCTP'], { ignoreCase: true }),
    port: always(portNumberSchema),
    net: cidrOrIpSchema(),
  },
  { required: ['port'] },
);

const timeoutOverride = object(
  {
    name: always(
      text({
        shape: /^[a-zA-Z0-9_ -]+$/,
        check: (value) =>
          /^[a-zA-Z0-9_ -]+$/.test(value) ? undefined : "must consist of letters, digits, blanks, '_' and '-'",
      }),
    ),
    timeout: always(agentDuration),
  },
  { required: ['name', 'timeout'] },
);

const conntrackTimeout = present(
  text({
    shape: new RegExp(`^(?:Auto|${durationPattern('[+]?').slice(1, -1)})$`),
    check: (value) =>
      value === 'Auto' || 'value' in agentDuration.read(value)
        ? undefined
        : "must be a duration such as 20s, or 'Auto'",
  }),
);

const conntrackTimeouts = object({
  creationGracePeriod: conntrackTimeout,
  tcpSynSent: conntrackTimeout,
  tcpEstablished: conntrackTimeout,
  tcpFinsSeen: conntrackTimeout,
  tcpResetSeen: conntrackTimeout,
  udpTimeout: conntrackTimeout,
  genericTimeout: conntrackTimeout,
  icmpTimeout: conntrackTimeout,
});

function patterned({ pattern }: FelixParameter): Schema {
  return text(pattern === undefined ? {} : { pattern });
}

/** Regions are part of store keys, after a prefix that takes 17 of a label's 63 characters. */
function checkRegion(value: string): string | undefined {
  return /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(value) && value.length <= 46
    ? undefined
    : 'must be a DNS label of at most 46 characters';
}
