import test from 'ava';
import { convertHostEndpoint } from '#appliance/felix/calc/convert/host-endpoint.ts';
import { parseDscp } from '#appliance/felix/calc/convert/qos.ts';
import { convertWorkloadEndpoint } from '#appliance/felix/calc/convert/workload-endpoint.ts';
import { bucketOf } from '#appliance/felix/dataplane/linux/bandwidth.ts';

function qosOf(qosControls: unknown) {
  const context = { namespace: 'ns', name: 'host-vm-w-eth0', hostname: 'host', isSourceSpoofingAllowed: false };
  const spec = { node: 'host', interfaceName: 'cali1', ipNetworks: ['10.0.0.1/32'], qosControls };
  return convertWorkloadEndpoint(context, { metadata: {}, spec });
}

test('limits are read by direction; zero is none, an absent burst has its default', (t) => {
  t.is(qosOf(undefined).value?.local?.endpoint.qos, undefined);
  t.is(qosOf({ ingressBandwidth: 0 }).value?.local?.endpoint.qos, undefined);
  const read = qosOf({
    ingressBandwidth: 1_000_000,
    egressBandwidth: 2_000_000,
    egressBurst: 4000,
    egressPeakrate: 3_000_000,
    egressMinburst: 2000,
    ingressPacketRate: 10,
    egressPacketRate: 20,
    egressPacketBurst: 7,
    ingressMaxConnections: 9,
    dscp: 'AF21',
  });
  t.deepEqual(read.value?.local?.endpoint.qos, {
    ingress: {
      bandwidth: { rateBits: 1_000_000, burstBits: 2 ** 32 },
      packetRate: { perSecond: 10, burst: 5 },
      maxConnections: 9,
    },
    egress: {
      bandwidth: { rateBits: 2_000_000, burstBits: 4000, peakBits: 3_000_000, peakBurstBytes: 2000 },
      packetRate: { perSecond: 20, burst: 7 },
    },
    dscp: 18,
  });
  t.deepEqual(
    qosOf({ dscp: 'AF99' }).problems.map(({ path }) => path),
    ['spec.qosControls.dscp'],
  );
});

test('DSCPs are numbers and names', (t) => {
  const known = ['EF', 'df', 'CS0', 'CS7', 'AF11', 'AF43', 63, '7'].map(parseDscp);
  t.deepEqual(known, [46, 0, 0, 56, 10, 38, 63, 7]);
  t.deepEqual(['AF44', 'CS8', 64, -1, '1.5', ''].map(parseDscp), [...Array(6)]);
});

test('a host endpoint has its DSCP as an annotation, and keeps all else when that is wrong', (t) => {
  const dscpOf = (value: unknown) =>
    convertHostEndpoint('h', 'host', {
      metadata: { annotations: { 'qos.projectcalico.org/dscp': value } },
      spec: { node: 'host', interfaceName: 'eth0', expectedIPs: ['10.0.0.1'] },
    });
  t.is(dscpOf('AF21').value?.local?.endpoint.dscp, 18);
  t.is(dscpOf('46').value?.local?.endpoint.dscp, 46);
  t.deepEqual(dscpOf(undefined).problems, []);
  const wrong = dscpOf('AF99');
  t.deepEqual(wrong.value?.local?.endpoint, { interfaceName: 'eth0', expectedIps: ['10.0.0.1'], profiles: [] });
  t.deepEqual(
    wrong.problems.map(({ path }) => path),
    ['metadata.annotations.qos.projectcalico.org/dscp'],
  );
});

test('a bucket holds a packet at least, and what may wait is 25 ms of the rate', (t) => {
  t.deepEqual(bucketOf({ rateBits: 8000, burstBits: 1000 }, 1500), {
    rateBytes: 1000,
    burstBytes: 1514,
    limitBytes: 1539,
  });
  t.deepEqual(bucketOf({ rateBits: 8e6, burstBits: 8e5, peakBits: 16e6, peakBurstBytes: 3000 }, 1500), {
    rateBytes: 1e6,
    burstBytes: 1e5,
    limitBytes: 53_000,
    peak: { rateBytes: 2e6, burstBytes: 3000 },
  });
});
