/** What is allowed in a FelixConfiguration and can shut people out of their hosts, or will go away. Only what is certain. Pure. */
import type { Problem } from '../../lib/problem.ts';
import { problemOf } from '../read.ts';

interface Failsafe {
  readonly protocol?: string;
  readonly port?: number;
}

/** Warnings about the `spec`. */
export function warnOfFelix(spec: Readonly<Record<string, unknown>>): Problem[] {
  return [...warnOfFailsafes(spec), ...deprecated.flatMap(([name, instead]) => warnOfOld(spec, name, instead))];
}

/** Failsafe ports are what stays open whatever a policy says. Without the field there are upstream's, with ssh among them. */
function warnOfFailsafes(spec: Readonly<Record<string, unknown>>): Problem[] {
  const inbound = spec.failsafeInboundHostPorts as readonly Failsafe[] | undefined;
  const outbound = spec.failsafeOutboundHostPorts as readonly Failsafe[] | undefined;
  const isSsh = ({ protocol = 'TCP', port }: Failsafe) => protocol.toUpperCase() === 'TCP' && port === 22;
  return [
    ...(inbound === undefined || inbound.some(isSsh)
      ? []
      : [
          problemOf(
            'spec.failsafeInboundHostPorts',
            'does not have TCP port 22: a policy can shut you out of your hosts',
          ),
        ]),
    ...(outbound?.length === 0
      ? [
          problemOf(
            'spec.failsafeOutboundHostPorts',
            'is empty: a policy can cut hosts off from the datastore for good',
          ),
        ]
      : []),
  ];
}

/** Fields and what replaces them. */
const deprecated = [
  ['routeTableRange', 'routeTableRanges'],
  ['dataplaneWatchdogTimeout', 'healthTimeoutOverrides'],
] as const;

function warnOfOld(spec: Readonly<Record<string, unknown>>, name: string, instead: string): Problem[] {
  return spec[name] === undefined ? [] : [problemOf(`spec.${name}`, `is deprecated: use spec.${instead}`)];
}
