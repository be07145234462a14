/** The addresses this host has now, as the operating system lists them. I/O. */
import { networkInterfaces } from 'node:os';
import type { HostAddress } from './detect-address.ts';

/** The newest links first, as upstream looks at them. */
export function readHostAddresses(): HostAddress[] {
  return Object.entries(networkInterfaces())
    .toReversed()
    .flatMap(([link, addresses]) =>
      (addresses ?? []).flatMap((a) => (a.cidr === null ? [] : [{ link, isInternal: a.internal, cidr: a.cidr }])),
    );
}
