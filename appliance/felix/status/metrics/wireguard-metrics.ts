/** What the kernel says of WireGuard's peers, under Felix's names. Pure. */
import type { WireguardDevice, WireguardDevicePeer } from '../../../kernel/kernel.ts';
import type { MetricFamily, Sample } from '../../../lib/prometheus-text.ts';

/** Of the devices of this host, by name. */
export function renderWireguardMetrics(host: string, devices: ReadonlyMap<string, WireguardDevice>): MetricFamily[] {
  const perPeer = (value: (peer: WireguardDevicePeer) => number | bigint): Sample[] =>
    [...devices].flatMap(([iface, { publicKey, peers }]) =>
      peers.map((peer) => ({
        labels: {
          hostname: host,
          iface,
          public_key: publicKey,
          peer_key: peer.publicKey,
          peer_endpoint: endpointOf(peer),
        },
        value: value(peer),
      })),
    );
  const meta = [...devices].map(([iface, { publicKey, port }]) => ({
    labels: { hostname: host, iface, listening_port: String(port), public_key: publicKey },
    value: 1,
  }));
  return [
    { name: 'wireguard_meta', type: 'gauge', help: 'A device, always 1.', samples: meta },
    {
      name: 'wireguard_latest_handshake_seconds',
      type: 'gauge',
      help: 'When the last handshake with a peer was, in seconds since 1970; 0 for never.',
      samples: perPeer(({ lastHandshakeSeconds }) => lastHandshakeSeconds),
    },
    {
      name: 'wireguard_bytes_sent',
      type: 'counter',
      help: 'Bytes sent to a peer.',
      samples: perPeer(({ sentBytes }) => sentBytes),
    },
    {
      name: 'wireguard_bytes_rcvd',
      type: 'counter',
      help: 'Bytes received from a peer.',
      samples: perPeer(({ receivedBytes }) => receivedBytes),
    },
  ];
}

function endpointOf({ endpoint }: WireguardDevicePeer): string {
  if (endpoint === undefined) return '';
  const { address, port } = endpoint;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
