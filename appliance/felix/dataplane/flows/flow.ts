/**
 * A tracked connection as policy sees it: from the side that began it, to the destination behind any translation. Pure.
 * Source: the order of netfilter's hooks. Forwarding and input come after the destination is translated and before the source is.
 */
import type { Connection } from '../../../kernel/kernel.ts';
import { type Address, parseAddress } from '../../../lib/ip/address.ts';

export interface FlowEnd {
  /** Canonical text, and its bytes. */
  readonly text: string;
  readonly address: Address;
  /** Absent for protocols without ports. */
  readonly port: number | undefined;
}

export interface Flow {
  readonly family: 4 | 6;
  readonly protocol: number;
  readonly src: FlowEnd;
  readonly dst: FlowEnd;
  readonly icmp: { readonly type: number; readonly code: number } | undefined;
}

/** Bit of the status: accepted because another connection announced it, so that policy has nothing to say of it. */
const expectedStatus = 1;

/** Undefined for a connection that policy never judged by itself. */
export function flowOf({ family, protocol, original, reply, status }: Connection): Flow | undefined {
  const src = endOf(original.source, original.sourcePort);
  const dst = endOf(reply.source, reply.sourcePort);
  if (src === undefined || dst === undefined || (status & expectedStatus) !== 0) return undefined;
  return { family, protocol, src, dst, icmp: original.icmp };
}

/** The same flow before its destination was translated. */
export function untranslated(flow: Flow, { original }: Connection): Flow | undefined {
  const dst = endOf(original.destination, original.destinationPort);
  return dst && { ...flow, dst };
}

function endOf(text: string, port: number | undefined): FlowEnd | undefined {
  const address = parseAddress(text);
  return address && { text, address, port };
}
