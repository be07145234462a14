import test from 'ava';
import {
  hostEndpointStatusKey,
  policyStatusKey,
  regionOf,
  statusPrefixes,
  workloadStatusKey,
} from '#appliance/felix/status/keys.ts';

const prefixes = statusPrefixes('node-7', regionOf(''));

test('keys are those Felix writes, byte by byte', (t) => {
  t.is(prefixes.active, '/calico/felix/v2/no-region/host/node-7/status');
  t.is(prefixes.lastReported, '/calico/felix/v2/no-region/host/node-7/last_reported_status');
  t.is(
    workloadStatusKey(prefixes, { orchestrator: 'cni', workload: 'prod/7f3a9c21d0b4', endpoint: 'eth0' }),
    '/calico/felix/v2/no-region/host/node-7/workload/cni/prod%2f7f3a9c21d0b4/endpoint/eth0',
  );
  t.is(hostEndpointStatusKey(prefixes, { name: 'node-7-eth0' }), '/calico/felix/v1/host/node-7/endpoint/node-7-eth0');
});

test('workloadStatusKey() escapes a percent sign before a slash', (t) => {
  t.true(
    workloadStatusKey(prefixes, { orchestrator: 'a%2fb', workload: 'x/y', endpoint: 'z' }).endsWith(
      '/workload/a%252fb/x%2fy/endpoint/z',
    ),
  );
});

test('statusPrefixes() names the region for workloads and the process alone', (t) => {
  const { workloads, active, hostEndpoints } = statusPrefixes('h', regionOf('north'));
  t.is(workloads, '/calico/felix/v2/region-north/host/h/workload/');
  t.is(active, '/calico/felix/v2/region-north/host/h/status');
  t.is(hostEndpoints, '/calico/felix/v1/host/h/endpoint/');
});

test('policyStatusKey() lies below the prefix of its host', (t) => {
  const key = policyStatusKey(prefixes, { kind: 'NetworkPolicy', namespace: 'prod', name: 'db' });
  t.true(key.startsWith('/calico/appliance/v1/host/node-7/policy/'));
  t.true(key.includes('prod') && key.endsWith('db'));
});
