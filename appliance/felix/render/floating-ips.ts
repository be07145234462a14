/**
 * Floating IPs: an external address that leads to a workload's own. Pure. Source: felix, cali-fip-dnat and cali-fip-snat.
 * Only the first packet of a connection meets these chains, so a rule for each address is no cost to the others.
 */
import type { Expression } from '../../kernel/netlink/expression.ts';
import { type Address, parseAddress } from '../../lib/ip/address.ts';
import type { AddressNat, WorkloadEndpoint } from '../model/endpoint.ts';
import { loadAddress, matchFamily } from './match.ts';
import type { RenderedRule } from './rendered.ts';

/** One mapping for each external address, in their order: of several claims that of the alphabetically first internal address. */
export function resolveFloatingIps(endpoints: Iterable<WorkloadEndpoint>): AddressNat[] {
  const internalOf = new Map<string, string>();
  for (const { isActive, nats } of endpoints) {
    for (const { externalIp, internalIp } of isActive ? nats : []) {
      const rival = internalOf.get(externalIp);
      if (rival === undefined || internalIp < rival) internalOf.set(externalIp, internalIp);
    }
  }
  return [...internalOf]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([externalIp, internalIp]) => ({ externalIp, internalIp }));
}

/** For prerouting and output: whoever asks for the external address gets the internal one. */
export function renderFloatingDnat(floatingIps: readonly AddressNat[]): RenderedRule[] {
  return floatingIps.flatMap((nat) =>
    render(nat, (external, internal) => ({
      label: `${nat.externalIp} leads to ${nat.internalIp}`,
      expressions: [...matchDestination(external), ...translate('dnat', internal)],
    })),
  );
}

/** For postrouting: a workload that asks for its own external address hears itself only if its own address is hidden. */
export function renderFloatingHairpins(floatingIps: readonly AddressNat[]): RenderedRule[] {
  return floatingIps.flatMap((nat) =>
    render(nat, (external, internal) => ({
      label: `${nat.internalIp} asks for ${nat.externalIp}`,
      expressions: [
        ...matchDestination(internal),
        loadAddress('src', internal.family, 0),
        { type: 'cmp', op: 'eq', register: 0, data: internal.bytes },
        ...translate('snat', external),
      ],
    })),
  );
}

function render(
  { externalIp, internalIp }: AddressNat,
  write: (external: Address, internal: Address) => RenderedRule,
): RenderedRule[] {
  const external = parseAddress(externalIp);
  const internal = parseAddress(internalIp);
  return external === undefined || internal?.family !== external.family ? [] : [write(external, internal)];
}

function matchDestination({ family, bytes }: Address): Expression[] {
  return [...matchFamily(family), loadAddress('dst', family, 0), { type: 'cmp', op: 'eq', register: 0, data: bytes }];
}

function translate(kind: 'snat' | 'dnat', { family, bytes }: Address): Expression[] {
  return [
    { type: 'load', register: 0, data: bytes },
    { type: 'nat', kind, family, addressMin: 0 },
  ];
}
