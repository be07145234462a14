/** Names of workload endpoints, both ways. */
import test from 'ava';
import fc from 'fast-check';
import {
  parseWorkloadEndpointName,
  workloadEndpointName,
  workloadEndpointNamePrefix,
} from '#appliance/resources/workload-endpoint-name.ts';

const node = 'edge-1';
const endpoint = 'eth0';

test('workloadEndpointName() doubles dashes and joins by single ones', (t) => {
  const result = workloadEndpointName({ node, orchestrator: 'vm', workload: 'db-2', endpoint });
  t.deepEqual(result, { ok: true, name: 'edge--1-vm-db--2-eth0' });
});

test('workloadEndpointName() takes the segment its orchestrator calls for', (t) => {
  const rest = { node, endpoint, pod: 'p', containerID: 'c', workload: 'w' };
  t.like(workloadEndpointName({ ...rest, orchestrator: 'k8s' }), { name: 'edge--1-k8s-p-eth0' });
  t.like(workloadEndpointName({ ...rest, orchestrator: 'cni' }), { name: 'edge--1-cni-c-eth0' });
  t.like(workloadEndpointName({ ...rest, orchestrator: 'libnetwork' }), { name: 'edge--1-libnetwork-libnetwork-eth0' });
});

test('workloadEndpointName() names the identifier that is missing or unfit', (t) => {
  t.like(workloadEndpointName({ orchestrator: 'cni', endpoint }), { ok: false, field: 'node' });
  t.like(workloadEndpointName({ node, orchestrator: 'cni', endpoint }), { ok: false, field: 'containerID' });
  t.like(workloadEndpointName({ node, orchestrator: 'vm', workload: '-x', endpoint }), {
    ok: false,
    field: 'workload',
  });
});

test('workloadEndpointNamePrefix() stops at the first identifier that is absent', (t) => {
  t.deepEqual(workloadEndpointNamePrefix({ node }), { ok: true, name: 'edge--1-' });
  t.deepEqual(workloadEndpointNamePrefix({ node, orchestrator: 'k8s', pod: 'a' }), {
    ok: true,
    name: 'edge--1-k8s-a-',
  });
  t.like(workloadEndpointNamePrefix({ orchestrator: 'k8s' }), { ok: false, field: 'node' });
});

test('parseWorkloadEndpointName() refuses other names', (t) => {
  for (const name of ['', 'a', 'a-b-c', 'a-b-c-d-e', 'a--b-c-d', '-a-b-c-']) {
    t.is(parseWorkloadEndpointName(name), undefined, name);
  }
});

test('parseWorkloadEndpointName() undoes workloadEndpointName()', (t) => {
  const segment = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,8}[a-z0-9])?$/);
  fc.assert(
    fc.property(segment, segment, segment, (host, workload, port) => {
      const result = workloadEndpointName({ node: host, orchestrator: 'vm', workload, endpoint: port });
      t.true(result.ok);
      const parsed = result.ok ? parseWorkloadEndpointName(result.name) : undefined;
      t.deepEqual(parsed, { node: host, orchestrator: 'vm', workload, endpoint: port });
    }),
    { verbose: 1 },
  );
});
