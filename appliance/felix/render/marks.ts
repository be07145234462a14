/**
 * Allots the bits of the packet mark that the rules use, lowest first from the configured mask, and one of the connection's mark, the highest. Pure.
 * Source: the order of Felix's mark bits; three are enough here because `accept` ends a stage, not the way of the packet.
 */

export interface Marks {
  /** A raw or pre-DNAT policy accepted: later host endpoint stages accept at once. */
  readonly accept: number;
  /** A policy said Pass: leave its tier. Never set between stages. */
  readonly pass: number;
  /** A packet of this host was DNATed: its egress policy is decided in postrouting, where the output link is final. */
  readonly defer: number;
  readonly all: number;
  /** In the mark of a connection, not of a packet: judged again and found denied. 0 when the mask has no bit left. */
  readonly suspect: number;
  /** Carried by what leaves through WireGuard and by what came without it; kept when the others are cleared. 0 when the mask has no bit left. */
  readonly wireguard: number;
}

const defaultMask = 0xffff0000;

/** The three lowest bits of `mask`; a mask with fewer than three falls back to the default mask. */
export function allotMarks(mask: number): Marks {
  const [accept, pass, defer, ...others] = bitsOf(mask);
  if (accept === undefined || pass === undefined || defer === undefined) return allotMarks(defaultMask);
  // The highest is taken already, if only in the marks of connections.
  const wireguard = others.length > 1 ? others[0]! : 0;
  return { accept, pass, defer, all: (accept | pass | defer) >>> 0, suspect: others.at(-1) ?? 0, wireguard };
}

function bitsOf(mask: number): number[] {
  const bits: number[] = [];
  for (let i = 0; i < 32; i++) if ((mask >>> i) & 1) bits.push((1 << i) >>> 0);
  return bits;
}
