/** FelixConfiguration: settings of the host agent. Pure. Its fields are the rows of `felix-parameters.ts`. */
import { parsePrefixOrAddress } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import { described, object, present, type Schema } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { felixFieldSchema } from '../fields/felix-field.ts';
import { selectorSchema } from '../fields/selector.ts';
import { problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';
import { felixParameters } from './felix-parameters.ts';

const tableIndexMax = 0xffffffff;
const tablesMax = 65_535;

export const felixConfiguration = defineKind({
  kind: 'FelixConfiguration',
  plural: 'felixconfigurations',
  singular: 'felixconfiguration',
  isNamespaced: false,
  aliases: ['felixconfiguration', 'felixconfigurations', 'felixconfig', 'felixconfigs'],
  shortNames: ['felixconfig', 'felixconfigs'],
  description:
    'Settings of the host agents: of all in the object `default`, of one host in `node.<name>`, of selected hosts in any other.',
  spec: object({
    nodeSelector: described('Hosts an object with a name of its own applies to.', present(selectorSchema)),
    ...Object.fromEntries(felixParameters.flatMap(fieldOf)),
  }),
  applyDefaults,
  check: (resource) => [
    ...checkNodeSelector(resource),
    ...checkRouteTables(resource.spec),
    ...checkFailsafes(resource.spec),
  ],
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: [nameTableColumn, ageTableColumn],
  example: {
    kind: 'FelixConfiguration',
    apiVersion,
    metadata: { name: 'default' },
    spec: {
      logSeverityScreen: 'Info',
      reportingInterval: '30s',
      failsafeInboundHostPorts: [
        { protocol: 'TCP', port: 22 },
        { protocol: 'UDP', port: 68, net: '10.0.0.0/8' },
      ],
      routeTableRanges: [{ min: 1, max: 250 }],
      healthTimeoutOverrides: [{ name: 'InternalDataplaneMainLoop', timeout: '1m30s' }],
    },
  },
});

function fieldOf(parameter: (typeof felixParameters)[number]): [string, Schema][] {
  return parameter.yaml === undefined ? [] : [[parameter.yaml, felixFieldSchema(parameter)]];
}

/** What Calico's client fills before storing; the older switch of connect-time load balancing decides the newer ones. */
function applyDefaults(resource: Resource): void {
  const legacy = resource.spec.bpfConnectTimeLoadBalancingEnabled;
  resource.spec = {
    nftablesMode: 'Auto',
    nftablesFlowTableOffload: 'Disabled',
    bpfConnectTimeLoadBalancing: 'TCP',
    bpfHostNetworkedNATWithoutCTLB: 'Enabled',
    floatingIPs: 'Disabled',
    ...resource.spec,
    ...(legacy === undefined
      ? {}
      : {
          bpfHostNetworkedNATWithoutCTLB: 'Disabled',
          bpfConnectTimeLoadBalancing: legacy === true ? 'Enabled' : 'Disabled',
        }),
  };
}

function checkNodeSelector(resource: Resource): Problem[] {
  const name = resource.metadata.name;
  const selector = resource.spec.nodeSelector;
  return selector !== undefined && (name === 'default' || name.startsWith('node.'))
    ? [problemOf('spec.nodeSelector', "is only allowed in objects named neither 'default' nor 'node.<name>'", selector)]
    : [];
}

interface TableRange {
  readonly min: number;
  readonly max: number;
}

function checkRouteTables(spec: Record<string, unknown>): Problem[] {
  const range = spec.routeTableRange as TableRange | undefined;
  const ranges = spec.routeTableRanges as TableRange[] | undefined;
  const problems: Problem[] = [];
  if (range !== undefined) {
    if (range.min < 1 || range.max > 250 || range.min > range.max) {
      problems.push(problemOf('spec.routeTableRange', 'must lie within 1 to 250, min not above max'));
    }
    if (ranges !== undefined)
      problems.push(problemOf('spec.routeTableRange', 'cannot be combined with routeTableRanges'));
  }
  (ranges ?? []).forEach(({ min, max }, i) => {
    if (min < 1 || max > tableIndexMax || min > max) {
      problems.push(
        problemOf(`spec.routeTableRanges[${i}]`, `must lie within 1 to ${tableIndexMax}, min not above max`),
      );
    }
  });
  const total = (ranges ?? []).reduce((sum, { min, max }) => sum + max - min + 1, 0);
  if (total > tablesMax)
    problems.push(problemOf('spec.routeTableRanges', `must hold at most ${tablesMax} tables, holds ${total}`));
  return problems;
}

function checkFailsafes(spec: Record<string, unknown>): Problem[] {
  return ['failsafeInboundHostPorts', 'failsafeOutboundHostPorts'].flatMap((field) =>
    ((spec[field] ?? []) as { net?: string }[]).flatMap(({ net }, i) =>
      net === undefined || parsePrefixOrAddress(net) !== undefined
        ? []
        : [problemOf(`spec.${field}[${i}].net`, 'must be an IP prefix such as 10.0.0.0/8', net)],
    ),
  );
}
