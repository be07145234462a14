import test from 'ava';
import { renderWireguardMetrics } from '#appliance/felix/status/metrics/wireguard-metrics.ts';
import { printMetrics } from '#appliance/lib/prometheus-text.ts';

test('renderWireguardMetrics() has a device each, and what each of its peers sent and received', (t) => {
  const peer = {
    keepAliveSeconds: 0,
    allowedNets: [],
    lastHandshakeSeconds: 1_800_000_000,
    receivedBytes: 7n,
    sentBytes: 2n ** 60n,
  };
  const device = {
    publicKey: 'own=',
    port: 51820,
    mark: 0,
    peers: [
      { ...peer, publicKey: 'a=', endpoint: { address: 'fd00::1', port: 51820 } },
      { ...peer, publicKey: 'b=', lastHandshakeSeconds: 0 },
    ],
  };
  const text = printMetrics(renderWireguardMetrics('here', new Map([['wireguard.cali', device]])));
  const of = 'hostname="here",iface="wireguard.cali",public_key="own="';
  const lines = new Set(text.split('\n'));
  t.true(
    lines.has('wireguard_meta{hostname="here",iface="wireguard.cali",listening_port="51820",public_key="own="} 1'),
  );
  t.true(
    lines.has(`wireguard_latest_handshake_seconds{${of},peer_key="a=",peer_endpoint="[fd00::1]:51820"} 1800000000`),
  );
  t.true(lines.has(`wireguard_latest_handshake_seconds{${of},peer_key="b=",peer_endpoint=""} 0`));
  t.true(lines.has(`wireguard_bytes_sent{${of},peer_key="a=",peer_endpoint="[fd00::1]:51820"} 1152921504606846976`));
  t.true(lines.has(`wireguard_bytes_rcvd{${of},peer_key="b=",peer_endpoint=""} 7`));
  t.is(printMetrics(renderWireguardMetrics('here', new Map())), '');
});
