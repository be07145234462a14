/** Limits and the DSCP of a workload endpoint. Pure. Source: data model, qosControls: zero is off, an absent burst has a default. */
import type { Bandwidth, PacketRate, QosControls, QosLimits } from '../../model/endpoint.ts';
import type { Fields } from './fields.ts';

const defaultBurstBits = 2 ** 32;
const defaultPacketBurst = 5;

/** Undefined when nothing is asked for. */
export function readQosControls(spec: Fields): QosControls | undefined {
  const controls = spec.child('qosControls');
  if (controls === undefined) return undefined;
  const ingress = readLimits(controls, 'ingress');
  const egress = readLimits(controls, 'egress');
  const dscp = readDscp(controls);
  if (Object.keys(ingress).length + Object.keys(egress).length === 0 && dscp === undefined) return undefined;
  return { ingress, egress, ...(dscp === undefined ? {} : { dscp }) };
}

function readLimits(controls: Fields, direction: 'ingress' | 'egress'): QosLimits {
  const number = (name: string) => controls.number(`${direction}${name}`) || undefined;
  const bandwidth = readBandwidth(number);
  const packetRate = readPacketRate(number);
  const maxConnections = number('MaxConnections');
  return {
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(packetRate === undefined ? {} : { packetRate }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
  };
}

type Read = (name: string) => number | undefined;

function readBandwidth(number: Read): Bandwidth | undefined {
  const rateBits = number('Bandwidth');
  if (rateBits === undefined) return undefined;
  const peakBits = number('Peakrate');
  const peakBurstBytes = number('Minburst');
  return {
    rateBits,
    burstBits: number('Burst') ?? defaultBurstBits,
    ...(peakBits === undefined ? {} : { peakBits }),
    ...(peakBurstBytes === undefined ? {} : { peakBurstBytes }),
  };
}

function readPacketRate(number: Read): PacketRate | undefined {
  const perSecond = number('PacketRate');
  return perSecond === undefined ? undefined : { perSecond, burst: number('PacketBurst') ?? defaultPacketBurst };
}

function readDscp(controls: Fields): number | undefined {
  const value = controls.raw('dscp');
  const isAbsent = value === undefined || value === null || value === '';
  return isAbsent ? undefined : (parseDscp(value) ?? controls.refuse('dscp', 'not a DSCP', String(value)));
}

/** A number from 0 to 63, as such or as text, or the name of a class. */
export function parseDscp(value: unknown): number | undefined {
  const text = String(value).trim().toUpperCase();
  if (/^\d{1,2}$/.test(text)) return Number(text) < 64 ? Number(text) : undefined;
  if (text === 'DF') return 0;
  if (text === 'EF') return 46;
  const selector = /^CS([0-7])$/.exec(text);
  if (selector !== null) return Number(selector[1]) * 8;
  const forwarding = /^AF([1-4])([1-3])$/.exec(text);
  return forwarding === null ? undefined : Number(forwarding[1]) * 8 + Number(forwarding[2]) * 2;
}
