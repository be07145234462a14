/** Host endpoints as the graph uses them. Pure. */
import { isRecord } from '#appliance/lib/is-record.ts';
import type { HostEndpoint, HostEndpointId } from '../../model/endpoint.ts';
import type { LabelledContributor } from '../ip-set-members.ts';
import { type Conversion, convertResource, type Fields } from './fields.ts';
import { isV6Text, readAddresses } from './net.ts';
import { readEndpointPorts } from './port.ts';
import { parseDscp } from './qos.ts';

/** `local` is there only for endpoints of this host. */
export interface HostEndpointInput extends LabelledContributor {
  readonly local: LocalHost | undefined;
}

export interface LocalHost {
  readonly id: HostEndpointId;
  /** What the dataplane gets to see besides the policies. */
  readonly endpoint: Pick<HostEndpoint, 'interfaceName' | 'expectedIps' | 'profiles' | 'dscp'>;
}

/** Converts a stored host endpoint; one without expected addresses contributes none to sets. */
export function convertHostEndpoint(name: string, hostname: string, value: unknown): Conversion<HostEndpointInput> {
  return convertResource(value, ({ metadata, spec }) => {
    const node = spec.text('node');
    if (node === '') spec.refuse('node', 'missing');
    const expectedIps = readAddresses(spec, 'expectedIPs');
    const profiles = spec.texts('profiles');
    return {
      labels: metadata.labels('labels'),
      profiles,
      nets: expectedIps.map((address) => `${address}/${isV6Text(address) ? 128 : 32}`),
      ports: readEndpointPorts(spec, 'ports'),
      local: readLocal(spec, node === hostname, { name }, { expectedIps, profiles, ...readDscpOf(metadata) }),
    };
  });
}

const dscpAnnotation = 'qos.projectcalico.org/dscp';

/** Only an annotation: what it says wrongly leaves the endpoint as it is. */
function readDscpOf(metadata: Fields): Pick<HostEndpoint, 'dscp'> {
  const raw = metadata.raw('annotations');
  const value = isRecord(raw) && Object.hasOwn(raw, dscpAnnotation) ? raw[dscpAnnotation] : undefined;
  if (value === undefined || value === '') return {};
  const dscp = parseDscp(value);
  if (dscp === undefined) metadata.list.remark(metadata.pathOf(`annotations.${dscpAnnotation}`), 'not a DSCP', value);
  return dscp === undefined ? {} : { dscp };
}

function readLocal(
  spec: Fields,
  isLocal: boolean,
  id: HostEndpointId,
  details: Pick<HostEndpoint, 'expectedIps' | 'profiles' | 'dscp'>,
): LocalHost | undefined {
  const interfaceName = spec.text('interfaceName');
  if (interfaceName === '' && details.expectedIps.length === 0) {
    spec.refuse('interfaceName', 'missing, and no expectedIPs either');
  }
  return isLocal ? { id, endpoint: { interfaceName, ...details } } : undefined;
}
