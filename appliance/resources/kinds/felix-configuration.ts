/** FelixConfiguration: settings of the host agent. Pure. Its fields are the rows of `felix-parameters.ts`. */

import type { Problem } from '../../lib/problem.ts';
import { described, object, present, type Schema } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { felixFieldSchema } from '../fields/felix-field.ts';
import { warnOfFelix } from '../fields/felix-warnings.ts';
import { selectorSchema } from '../fields/selector.ts';
import type { Legible, Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';
import { felixParameters } from './felix-parameters.ts';

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
  warn: ({ spec }) => warnOfFelix(spec),
  check: (subject) => [...checkNodeSelector(subject), ...checkRouteTables(subject.spec)],
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

function checkNodeSelector({ metadata, spec }: Subject): Problem[] {
  const name = metadata.name ?? '';
  const selector = spec.nodeSelector;
  return selector !== undefined && (name === 'default' || name.startsWith('node.'))
    ? [problemOf('spec.nodeSelector', "is only allowed in objects named neither 'default' nor 'node.<name>'", selector)]
    : [];
}

type TableRange = Legible<{ min: number; max: number }>;

function checkRouteTables(spec: Subject['spec']): Problem[] {
  const range = spec.routeTableRange as TableRange | null | undefined;
  const ranges = spec.routeTableRanges as Legible<TableRange[]> | null | undefined;
  const problems = [
    ...checkOrder(range, 'spec.routeTableRange'),
    ...(ranges ?? []).flatMap((one, i) => checkOrder(one, `spec.routeTableRanges[${i}]`)),
  ];
  if (range !== undefined && ranges !== undefined) {
    problems.push(problemOf('spec.routeTableRange', 'cannot be combined with routeTableRanges'));
  }
  const total = (ranges ?? []).reduce((sum, one) => sum + tablesIn(one), 0);
  if (total > tablesMax)
    problems.push(problemOf('spec.routeTableRanges', `must hold at most ${tablesMax} tables, holds ${total}`));
  return problems;
}

function checkOrder(range: TableRange | null | undefined, path: string): Problem[] {
  const { min = null, max = null } = range ?? {};
  return min !== null && max !== null && min > max ? [problemOf(path, 'must have its min not above its max')] : [];
}

/** Tables of a range; none while it cannot be read or runs backwards. */
function tablesIn(range: TableRange | null): number {
  const { min = null, max = null } = range ?? {};
  return min === null || max === null ? 0 : Math.max(0, max - min + 1);
}
