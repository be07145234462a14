/**
 * A second host joins the first by a token, both booted on a segment of their own: policy by label holds between their workloads and between the hosts
 * themselves, in both directions, also after a reboot of either.
 */
import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { until } from '../../appliance/felix/status/test-store.ts';
import { type BootedHost, bootHost } from './booted-host.ts';
import { inSync } from './in-sync.ts';
import { baseImage, packageUnderTest } from './package.ts';
import { createSegment, type Segment } from './segment.ts';
import { plugIn, reaches, type Workload, workloadManifest } from './workload.ts';

const first = '10.77.0.11';
const second = '10.77.0.12';
const workloads = {
  frontA: { name: 'fronta', host: 'host-a', address: '10.65.1.1', labels: { role: 'front' } },
  backA: { name: 'backa', host: 'host-a', address: '10.65.1.2', labels: { role: 'back' } },
  frontB: { name: 'frontb', host: 'host-b', address: '10.65.2.1', labels: { role: 'front' } },
  backB: { name: 'backb', host: 'host-b', address: '10.65.2.2', labels: { role: 'back' } },
} satisfies Record<string, Workload>;

/** Open for whom policy names: front may reach back, nobody else may reach anything; hosts may reach port 24 of each other by label, not 23. */
const policies = `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: front-to-back }
spec:
  selector: role == "back"
  types: [Ingress, Egress]
  ingress: [{ action: Allow, protocol: TCP, source: { selector: role == "front" } }]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: front-out }
spec:
  selector: role == "front"
  types: [Ingress, Egress]
  egress: [{ action: Allow }]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: between-hosts }
spec:
  selector: is == "host"
  types: [Ingress, Egress]
  ingress:
  - { action: Allow, protocol: TCP, source: { selector: is == "host" }, destination: { ports: [24] } }
  egress: [{ action: Allow }]
`;

function hostEndpoint(host: string, address: string): string {
  return `apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: { name: ${host}-uplink, labels: { is: host } }
spec: { node: ${host}, interfaceName: host0, expectedIPs: [${address}] }
`;
}

test('a second host joins by a token, and policy by label holds between the two', async (t) => {
  t.timeout(600_000);
  const [image, deb] = [await baseImage(), await packageUnderTest()];
  const segment = await createSegment();
  const hosts: BootedHost[] = [];
  try {
    const booted = await Promise.allSettled([
      bootOn(segment, image, 'host-a', first, hosts),
      bootOn(segment, image, 'host-b', second, hosts),
    ]);
    for (const result of booted) if (result.status === 'rejected') throw result.reason;
    const [a, b] = [named(hosts, 'host-a'), named(hosts, 'host-b')];
    await Promise.all([a, b].map((host) => install(host, deb)));
    const token = await serve(a);
    await b.run('calicoctl', 'node', 'join', token);
    await b.run('systemctl', 'enable', '--now', 'calico-node');
    await inSync(b);
    t.is(await b.sh('systemctl is-active calico-apiserver || true'), 'inactive', 'its API server stands down');
    t.regex(await a.run('calicoctl', 'get', 'nodes'), /host-a[\s\S]*host-b/);
    await apply(a, [policies, hostEndpoint('host-a', first), hostEndpoint('host-b', second)]);
    await apply(a, Object.values(workloads).map(workloadManifest));
    await connectWorkloads(a, b);
    await holds(t, a, b, 'after joining');
    for (const [name, host] of Object.entries({ a, b })) {
      await host.powerOff();
      await host.boot();
      await Promise.all([inSync(a), inSync(b)]);
      await connectWorkloads(a, b, host);
      await holds(t, a, b, `after a reboot of ${name}`);
    }
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
    await segment.close();
  }
});

/** Kept in the list at once, so that it ends with the test. */
async function bootOn(segment: Segment, image: string, name: string, address: string, hosts: BootedHost[]) {
  hosts.push(await bootHost(image, name, { segment, address: `${address}/24` }));
}

function named(hosts: readonly BootedHost[], name: string): BootedHost {
  return hosts.find((host) => host.name === name)!;
}

async function install(host: BootedHost, deb: string): Promise<void> {
  cpSync(deb, join(host.directory, 'root', basename(deb)));
  await host.run('dpkg', '--install', `/root/${basename(deb)}`);
}

/** The first host serves others, as docs/install.md has it; a token for one of them. */
async function serve(host: BootedHost): Promise<string> {
  await host.run('calicoctl', 'ca', 'init');
  for (const server of ['api', 'etcd']) await host.run('calicoctl', 'ca', 'issue', 'server', server, '--host', first);
  await host.sh(`cat >>/etc/calico/calico.env <<'END'
CALICO_API_LISTEN=unix:/run/calico/api.sock,https://${first}:5443
CALICO_ETCD_LISTEN=unix:/run/calico/etcd.sock,https://${first}:2379
END`);
  await host.run('systemctl', 'enable', '--now', 'calico-node');
  await inSync(host);
  return (await host.run('calicoctl', 'node', 'token', 'create')).trim();
}

async function apply(host: BootedHost, manifests: readonly string[]): Promise<void> {
  await host.sh(`calicoctl apply -f - <<'END'\n${manifests.join('---\n')}END`);
}

/** Each host routes the other's workloads to it, as a network between hosts would; on hosts that have booted, links and listeners are new. */
async function connectWorkloads(a: BootedHost, b: BootedHost, booted?: BootedHost): Promise<void> {
  const { frontA, backA, frontB, backB } = workloads;
  for (const [host, own, others, via] of [
    [a, [frontA, backA], '10.65.2.0/24', second],
    [b, [frontB, backB], '10.65.1.0/24', first],
  ] as const) {
    if (booted !== undefined && host !== booted) continue;
    for (const workload of own) await plugIn(host, workload);
    await host.run('ip', 'route', 'add', others, 'via', via);
    await host.run('ip', 'route', 'add', 'default', 'via', '10.77.0.1');
  }
}

async function holds(t: ExecutionContext, a: BootedHost, b: BootedHost, when: string): Promise<void> {
  const { frontA, backA, frontB, backB } = workloads;
  await until(() => reaches(a, frontA, backB.address), 30_000);
  await until(() => reaches(b, frontB, backA.address), 30_000);
  t.true(await reaches(a, frontA, backA.address), `${when}: front to back on one host`);
  for (const [host, from, to] of [
    [a, backA, backB],
    [b, backB, backA],
    [a, frontA, frontB],
    [b, frontB, frontA],
    [a, backA, frontB],
    [b, backB, frontA],
  ] as const)
    t.false(await reaches(host, from, to.address), `${when}: ${from.name} must not reach ${to.name}`);
  for (const [host, address] of [
    [a, second],
    [b, first],
  ] as const)
    t.deepEqual([await answers(host, address, 24), await answers(host, address, 23)], [true, false], `${when}: hosts`);
}

/** A closed port that can be reached refuses at once; nothing comes of one that is kept shut. */
async function answers(host: BootedHost, address: string, port: number): Promise<boolean> {
  const said = await host.sh(`nc -z -v -w 1 ${address} ${port} 2>&1 || true`);
  return said.includes('refused');
}
