/** Workload endpoints as the graph uses them: little of a remote one, everything of a local one. Pure. */
import { namespacePrefix, serviceAccountLabel, serviceAccountPrefix } from '#appliance/selector/rewrite.ts';
import type { AddressNat, WorkloadEndpoint, WorkloadEndpointId } from '../../model/endpoint.ts';
import type { LabelledContributor } from '../ip-set-members.ts';
import type { LabelPairs } from '../label-pairs.ts';
import { type Conversion, convertResource, type Fields } from './fields.ts';
import { parseWorkloadEndpointName } from './key.ts';
import { canonicalAddress, isV6Text, readHostNets, readNets } from './net.ts';
import { readEndpointPorts } from './port.ts';
import { readQosControls } from './qos.ts';

/** `local` is there only for endpoints of this host. */
export interface WorkloadEndpointInput extends LabelledContributor {
  readonly local: LocalWorkload | undefined;
}

export interface LocalWorkload {
  readonly id: WorkloadEndpointId;
  /** What the dataplane gets to see besides the policies. */
  readonly endpoint: Omit<WorkloadEndpoint, 'tiers'>;
}

export interface WorkloadEndpointContext {
  readonly namespace: string;
  readonly name: string;
  /** This host. */
  readonly hostname: string;
  /** WorkloadSourceSpoofing is `Any`; otherwise an endpoint that asks for it counts as absent. */
  readonly isSourceSpoofingAllowed: boolean;
}

/** Converts a stored endpoint; one without addresses is not there yet and counts as absent, without a problem. */
export function convertWorkloadEndpoint(
  context: WorkloadEndpointContext,
  value: unknown,
): Conversion<WorkloadEndpointInput> {
  return convertResource(value, ({ metadata, spec, list }) => {
    const segments = parseWorkloadEndpointName(context.name);
    if (segments === undefined) return void list.refuse('metadata.name', 'not a workload endpoint name', context.name);
    const [host, orchestrator, workload, endpoint] = segments;
    const id = { orchestrator, workload: `${context.namespace}/${workload}`, endpoint };
    checkInterface(spec, context.isSourceSpoofingAllowed);
    const nets = readHostNets(spec, 'ipNetworks');
    if (nets.length === 0) return undefined;
    return {
      labels: readLabels(metadata, spec),
      profiles: spec.texts('profiles'),
      nets,
      ports: readEndpointPorts(spec, 'ports'),
      local: host === context.hostname ? { id, endpoint: readDetails(spec, nets) } : undefined,
    };
  });
}

function checkInterface(spec: Fields, isSourceSpoofingAllowed: boolean): void {
  if (spec.text('interfaceName') === '') spec.refuse('interfaceName', 'missing');
  if (!isSourceSpoofingAllowed && spec.array('allowSpoofedSourcePrefixes').length > 0) {
    spec.refuse('allowSpoofedSourcePrefixes', 'needs WorkloadSourceSpoofing Any');
  }
}

/** Own labels may not pretend to be inherited ones. */
function readLabels(metadata: Fields, spec: Fields): LabelPairs {
  const stored = metadata.labels('labels');
  const pairs: string[] = [];
  const account = spec.text('serviceAccountName');
  for (let i = 0; i < stored.length; i += 2) {
    const key = stored[i]!;
    const isReserved = key.startsWith(namespacePrefix) || key.startsWith(serviceAccountPrefix);
    if (!isReserved && !(key === serviceAccountLabel && account !== '')) pairs.push(key, stored[i + 1]!);
  }
  if (account !== '') pairs.push(serviceAccountLabel, account);
  return pairs;
}

function readDetails(spec: Fields, nets: readonly string[]): Omit<WorkloadEndpoint, 'tiers'> {
  const mac = spec.text('mac');
  const qos = readQosControls(spec);
  return {
    isActive: true,
    interfaceName: spec.text('interfaceName'),
    ...(mac === '' ? {} : { mac }),
    profiles: spec.texts('profiles'),
    ipv4Nets: nets.filter((net) => !isV6Text(net)),
    ipv6Nets: nets.filter(isV6Text),
    nats: spec.children('ipNATs').map(readNat),
    allowSpoofedSourcePrefixes: readNets(spec, 'allowSpoofedSourcePrefixes', true),
    ...(qos === undefined ? {} : { qos }),
  };
}

function readNat(nat: Fields): AddressNat {
  return { externalIp: readNatAddress(nat, 'externalIP'), internalIp: readNatAddress(nat, 'internalIP') };
}

function readNatAddress(nat: Fields, name: string): string {
  const text = nat.text(name);
  return canonicalAddress(text) ?? nat.refuse(name, 'not an address', text) ?? '';
}
