/** KubeControllersConfiguration. Pure. Settings of the controllers: host endpoints, clean-up, the bridge from Kubernetes. */

import type { Problem } from '../../lib/problem.ts';
import { always, described, integer, list, map, object, oneOf, present, text } from '../../lib/schema.ts';
import { ageTableColumn, nameColumn, nameTableColumn } from '../columns.ts';
import { defineKind } from '../define.ts';
import { cidrOrIpSchema } from '../fields/address.ts';
import { checkAnnotations, checkLabels, stringMap } from '../fields/labels.ts';
import { checkDefaultName, nameSchema } from '../fields/name.ts';
import { regexSchema } from '../fields/regex.ts';
import { durationSchema } from '../fields/scalars.ts';
import { longSelectorSchema } from '../fields/selector.ts';
import type { Legible, Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion, type Resource } from '../resource.ts';

/** A template of automatic host endpoints after decoding. */
export interface HostEndpointTemplate {
  generateName?: string;
  interfaceCIDRs?: string[];
  interfacePattern?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  nodeSelector?: string;
}

/** Spec after decoding, as far as it matters without Kubernetes. */
export interface KubeControllersConfigurationSpec {
  controllers?: {
    node?: {
      reconcilerPeriod?: string;
      syncLabels?: 'Enabled' | 'Disabled';
      hostEndpoint?: {
        autoCreate?: 'Enabled' | 'Disabled';
        createDefaultHostEndpoint?: 'Enabled' | 'Disabled';
        templates?: HostEndpointTemplate[];
      };
      leakGracePeriod?: string;
    };
    loadBalancer?: { assignIPs?: 'AllServices' | 'RequestedServicesOnly' };
    migration?: { policyNameMigrator?: 'Enabled' | 'Disabled' };
    [controller: string]: unknown;
  };
}

const switchSchema = oneOf(['Enabled', 'Disabled']);
const period = present(object({ reconcilerPeriod: described('Time between full passes.', present(durationSchema)) }));

const template = object(
  {
    generateName: described('End of the names of the endpoints; the name of the host comes first.', nameSchema),
    interfaceCIDRs: described('Interfaces by the addresses they have.', list(cidrOrIpSchema())),
    interfacePattern: described('Interfaces by a regular expression over their names.', regexSchema),
    labels: described('Labels of the endpoints.', stringMap),
    annotations: described('Annotations of the endpoints.', stringMap),
    nodeSelector: described('Hosts the template applies to. Absent: all.', longSelectorSchema),
  },
  { required: ['generateName'] },
);

const nodeController = object({
  reconcilerPeriod: described('Time between full passes.', present(durationSchema)),
  syncLabels: described('Copy labels of Kubernetes nodes.', switchSchema),
  hostEndpoint: described(
    'Automatic host endpoints.',
    present(
      object({
        autoCreate: described('Make a host endpoint for every host.', switchSchema),
        createDefaultHostEndpoint: described('Make the one for all interfaces.', switchSchema),
        templates: described('Further endpoints.', list(template)),
      }),
    ),
  ),
  leakGracePeriod: described('How long an address may seem leaked before it is collected.', present(durationSchema)),
});

const spec = object({
  logSeverityScreen: described(
    'What is logged.',
    oneOf(['None', 'Debug', 'Info', 'Warning', 'Error', 'Fatal', 'Panic']),
  ),
  healthChecks: described('Serve health checks.', { ...switchSchema, default: 'Enabled' }),
  etcdV3CompactionPeriod: described('Time between compactions of etcd; 0s is never.', present(durationSchema)),
  prometheusMetricsPort: described('Port for metrics; 0 is none.', present(integer(0, 65_535))),
  controllers: described(
    'Settings of each controller; one that is absent does not run.',
    always(
      object({
        node: present(nodeController),
        policy: period,
        workloadEndpoint: period,
        serviceAccount: period,
        namespace: period,
        loadBalancer: present(
          object({ assignIPs: oneOf(['AllServices', 'RequestedServicesOnly'], { default: 'AllServices' }) }),
        ),
        migration: present(object({ policyNameMigrator: oneOf(['Disabled', 'Enabled'], { default: 'Enabled' }) })),
      }),
    ),
  ),
  debugProfilePort: described('Port for profiles.', present(integer(0, 65_535))),
});

export const kubeControllersConfiguration = defineKind({
  kind: 'KubeControllersConfiguration',
  plural: 'kubecontrollersconfigurations',
  singular: 'kubecontrollersconfiguration',
  isNamespaced: false,
  aliases: [
    'kubecontrollersconfiguration',
    'kubecontrollersconfigurations',
    'kubecontrollersconfig',
    'kubecontrollersconfigs',
  ],
  shortNames: ['kcc', 'kccs', 'kcconfig'],
  description:
    'Settings of the controllers, in the one object `default`: automatic host endpoints, clean-up of addresses, the bridge from Kubernetes.',
  spec,
  status: object({ runningConfig: present(spec), environmentVars: map(text()) }, { emit: 'always' }),
  applyDefaults,
  check: checkTemplates,
  checkName: checkDefaultName,
  columns: { ps: [nameColumn], wide: [nameColumn] },
  tableColumns: [nameTableColumn, ageTableColumn],
  example: {
    kind: 'KubeControllersConfiguration',
    apiVersion,
    metadata: { name: 'default' },
    spec: {
      controllers: {
        node: {
          hostEndpoint: {
            autoCreate: 'Enabled',
            templates: [{ generateName: 'lan', interfaceCIDRs: ['10.9.0.0/24'], labels: { net: 'lan' } }],
          },
        },
      },
    },
  },
});

function applyDefaults(resource: Resource): void {
  const { controllers = {}, ...rest } = resource.spec as KubeControllersConfigurationSpec;
  const { node, loadBalancer, migration } = controllers;
  resource.spec = {
    healthChecks: 'Enabled',
    prometheusMetricsPort: 9094,
    ...rest,
    controllers: {
      ...controllers,
      ...(node === undefined ? {} : { node: { leakGracePeriod: '15m0s', ...node } }),
      ...(loadBalancer === undefined ? {} : { loadBalancer: { assignIPs: 'AllServices', ...loadBalancer } }),
      ...(migration === undefined ? {} : { migration: { policyNameMigrator: 'Enabled', ...migration } }),
    },
  };
}

type NodeController = NonNullable<NonNullable<KubeControllersConfigurationSpec['controllers']>['node']>;

function checkTemplates({ spec: given }: Subject): Problem[] {
  const { controllers } = given as Legible<KubeControllersConfigurationSpec>;
  const node = controllers?.node as Legible<NodeController> | null | undefined;
  const templates = node?.hostEndpoint?.templates ?? [];
  const names = templates.map((entry) => entry?.generateName ?? null);
  return templates.flatMap((entry, i) => {
    if (entry === null) return [];
    const at = `spec.controllers.node.hostEndpoint.templates[${i}]`;
    const problems = [
      ...checkLabels(entry.labels ?? {}, `${at}.labels`),
      ...checkAnnotations(entry.annotations ?? {}, `${at}.annotations`),
    ];
    const name = names[i] ?? null;
    if (name !== null && names.indexOf(name) < i)
      problems.push(problemOf(`${at}.generateName`, 'is there twice', name));
    if (entry.interfaceCIDRs === undefined && entry.interfacePattern === undefined) {
      problems.push(problemOf(at, 'interfaceCIDRs or interfacePattern is required'));
    }
    return problems;
  });
}
