/** Limits a workload endpoint may be given. Pure. Source: the ranges of Calico's QoS controls. */
import { integer, object, present } from '../../lib/schema.ts';
import { dscpSchema } from './scalars.ts';

const bandwidth = integer(1_000, 1e15);
const burst = integer(1_000, 34_359_738_360);
const peakrate = integer(1_010, 1.01e15);
const minburst = integer(1_000, 100_000_000);
const packets = integer(1, 10_000);
const connections = integer(1, 4_294_967_295);

/** `spec.qosControls`; 0 counts as absent. */
export const qosControlsSchema = object({
  ingressBandwidth: bandwidth,
  ingressBurst: burst,
  ingressPeakrate: peakrate,
  ingressMinburst: minburst,
  egressBandwidth: bandwidth,
  egressBurst: burst,
  egressPeakrate: peakrate,
  egressMinburst: minburst,
  ingressPacketRate: packets,
  ingressPacketBurst: packets,
  egressPacketRate: packets,
  egressPacketBurst: packets,
  ingressMaxConnections: connections,
  egressMaxConnections: connections,
  dscp: present(dscpSchema),
});
