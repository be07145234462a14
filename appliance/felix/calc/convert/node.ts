/** Nodes as what the dataplane knows of hosts. Pure. */
import type { HostMetadata } from '../../model/messages.ts';
import { type Conversion, convertResource, type Fields } from './fields.ts';
import { canonicalAddress, isV6Text } from './net.ts';

/** Converts a stored Node; one whose `bgp` is an empty object counts as absent, as upstream has it. */
export function convertNode(value: unknown): Conversion<HostMetadata> {
  return convertResource(value, ({ metadata, spec }) => {
    const bgp = spec.child('bgp');
    if (bgp?.isEmpty) return void spec.refuse('bgp', 'an empty object');
    const ipv4Address = readBgpAddress(bgp, 'ipv4Address', 4) ?? readListed(spec, 4);
    const ipv6Address = readBgpAddress(bgp, 'ipv6Address', 6) ?? readListed(spec, 6);
    const tunnel = canonicalAddress(bgp?.text('ipv4IPIPTunnelAddr') ?? '');
    return {
      ...(ipv4Address === undefined ? {} : { ipv4Address }),
      ...(ipv6Address === undefined ? {} : { ipv6Address }),
      ...(tunnel === undefined || isV6Text(tunnel) ? {} : { ipipTunnelAddress: tunnel }),
      labels: readLabels(metadata),
    };
  });
}

/** An address that cannot be read is passed over; the others may still serve. */
function readBgpAddress(bgp: Fields | undefined, name: string, family: 4 | 6): string | undefined {
  const text = bgp?.text(name) ?? '';
  if (bgp === undefined || text === '') return undefined;
  const address = text.includes('/') ? canonicalAddress(text, true) : undefined;
  if (address !== undefined && isV6Text(address) === (family === 6)) return address;
  bgp.list.remark(bgp.pathOf(name), `not an IPv${family} address with its network`, text);
  return undefined;
}

function readListed(spec: Fields, family: 4 | 6): string | undefined {
  const entries = spec.children('addresses');
  for (const type of ['InternalIP', 'ExternalIP']) {
    for (const entry of entries) {
      if (entry.text('type') !== type) continue;
      const address = canonicalAddress(entry.text('address'), true);
      if (address !== undefined && isV6Text(address) === (family === 6)) return address;
    }
  }
  return undefined;
}

function readLabels(metadata: Fields): Readonly<Record<string, string>> {
  const pairs = metadata.labels('labels');
  const entries: [string, string][] = [];
  for (let i = 0; i < pairs.length; i += 2) entries.push([pairs[i]!, pairs[i + 1]!]);
  return Object.fromEntries(entries);
}
