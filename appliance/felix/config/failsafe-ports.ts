/** Lists of failsafe ports as text: `tcp:22`, `udp:10.0.0.0/8:53`, `tcp:[fd00::/8]:22`, `tcp:[fd00::]/8:22`, bare `22` for TCP. Pure. */
import { masked, parsePrefixOrAddress, printPrefix } from '../../lib/ip/address.ts';
import type { FailsafePort } from '../model/config.ts';

const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

const form = /^(?:(tcp|udp|sctp):)?(?:\[([0-9a-f:.]+)(?:\](\/\d+)|(\/\d+)?\]):|([0-9.]+(?:\/\d+)?):)?(\d{1,5})$/;

/** Undefined when any of them cannot be read. */
export function parseFailsafePorts(text: string): readonly FailsafePort[] | undefined {
  const ports = text.split(',').map((part) => parseFailsafePort(part.trim().toLowerCase()));
  return ports.every((port) => port !== undefined) ? ports : undefined;
}

function parseFailsafePort(text: string): FailsafePort | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const [, name = 'tcp', v6, lengthOutside = '', lengthInside = '', v4, digits] = match;
  const protocol = protocols[name]!;
  const port = Number(digits);
  if (port < 1 || port > 65535) return undefined;
  const net = v6 === undefined ? v4 : v6 + lengthOutside + lengthInside;
  if (net === undefined) return { protocol, port };
  const prefix = parsePrefixOrAddress(net);
  return prefix === undefined ? undefined : { protocol, port, net: printPrefix(masked(prefix)) };
}
