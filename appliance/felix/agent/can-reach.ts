/**
 * The address this host would speak from to a destination: a UDP socket is connected, which sends nothing, and asked for its own. I/O.
 * Source: node start-up, address detection (`can-reach`).
 */
import { createSocket } from 'node:dgram';
import type { WantedAddress } from './detect-address.ts';

const port = 80;
/** A name that nobody resolves must not hold up the start. */
const timeoutMs = 2_000;
const start = 'can-reach=';

/** With the address found in the place of the question, so that choosing among the host's addresses stays pure; nothing matches when none is found. */
export async function resolveReach(wanted: WantedAddress): Promise<WantedAddress> {
  if (!wanted.method.startsWith(start) || wanted.text === 'none') return wanted;
  const address = await localAddressTo(wanted.method.slice(start.length), wanted.variable === 'IP' ? 'udp4' : 'udp6');
  const length = wanted.variable === 'IP' ? 32 : 128;
  return address === undefined ? wanted : { ...wanted, method: `cidr=${address}/${length}` };
}

/** Undefined without a route, or when the name is not known in time. */
function localAddressTo(destination: string, type: 'udp4' | 'udp6'): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(type);
    const end = (address: string | undefined) => {
      clearTimeout(timer);
      socket.removeAllListeners().on('error', () => undefined);
      socket.close();
      resolve(address);
    };
    const timer = setTimeout(() => end(undefined), timeoutMs);
    socket.once('error', () => end(undefined));
    socket.once('connect', () => end(socket.address().address));
    socket.connect(port, destination);
  });
}
