/**
 * From version to version and one version back, with live traffic: no forbidden packet gets through, no allowed one is lost, a connection that is open stays
 * open. And a store that a later version has written is refused by name, unharmed, while what was enforced stays.
 */
import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { ClassicLevel } from 'classic-level';
import { markKey } from '#appliance/datastore/mvcc/keys.ts';
import { format } from '#appliance/datastore/mvcc/load.ts';
import { encodeNumber } from '#appliance/datastore/mvcc/records.ts';
import { until } from '../../appliance/felix/status/test-store.ts';
import { type BootedHost, bootHost } from './booted-host.ts';
import { inSync } from './in-sync.ts';
import { baseImage, packageUnderTest } from './package.ts';
import { probeDuring } from './probe.ts';
import { createSegment, type Segment } from './segment.ts';

const address = '10.77.0.11';
const forbidden = 23;
const allowed = 24;
const echo = 8080;
const [older, newer] = ['90.1.0', '90.2.0'] as const;

const policy = `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: no-telnet }
spec:
  selector: has(guarded)
  types: [Ingress]
  ingress:
  - { action: Deny, protocol: TCP, destination: { ports: [${forbidden}] } }
  - { action: Allow }
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: { name: uplink, labels: { guarded: "true" } }
spec: { node: host-c, interfaceName: host0 }
`;

test('an upgrade and the way back lose no allowed flow and let nothing else through', async (t) => {
  t.timeout(600_000);
  const debs = { [older]: await packageUnderTest(older), [newer]: await packageUnderTest(newer) };
  const image = await baseImage();
  const segment = await createSegment();
  const host = await bootHost(image, 'host-c', { segment, address: `${address}/24` }).catch(async (error: unknown) => {
    await segment.close();
    throw error;
  });
  try {
    for (const deb of Object.values(debs)) cpSync(deb, join(host.directory, 'root', basename(deb)));
    const install = (version: keyof typeof debs) =>
      host.run(
        'apt-get',
        'install',
        '-qq',
        '--no-install-recommends',
        '--allow-downgrades',
        '-y',
        `/root/${basename(debs[version]!)}`,
      );
    await install(older);
    await host.run('systemctl', 'enable', '--now', 'calico-node');
    await inSync(host);
    await host.sh(`calicoctl apply -f - <<'END'\n${policy}END`);
    await host.run('systemctl', 'disable', 'calico-boot');
    await startEcho(host);
    for (const version of [newer, older]) {
      await stays(t, segment, `to ${version}`, async () => {
        await install(version);
        await runs(host, version);
        await host.run('calicoctl', 'label', 'hep', 'uplink', `was=${version.replaceAll('.', '-')}`, '--overwrite');
      });
    }
    t.is(await host.run('systemctl', 'is-enabled', 'calico-boot'), 'enabled', 'an upgrade enables what came with it');
    await refusesLaterStore(t, segment, host);
  } finally {
    await host.close();
    await segment.close();
  }
});

/** A runtime of its own, so that it is not the package that keeps it alive. */
async function startEcho(host: BootedHost): Promise<void> {
  await host.sh('cp /usr/lib/calico-appliance/node_modules/node-linux-*/bin/node /root/node');
  const program = `require('net').createServer((s) => s.pipe(s).on('error', () => {})).listen(${echo})`;
  await host.run('systemd-run', '--quiet', '--unit=echo', '/root/node', '-e', program);
  await until(async () => (await host.sh(`ss -Hltn sport = :${echo}`)) !== '', 20_000);
}

/** The services that answer are those of `version`. */
async function runs(host: BootedHost, version: string): Promise<void> {
  await inSync(host);
  await until(async () => (await host.sh('calicoctl node status || true')).includes(`calico-node ${version}`), 30_000);
  await until(async () => /no-telnet/.test(await host.sh('calicoctl get gnp || true')), 30_000);
}

async function stays(t: ExecutionContext, segment: Segment, what: string, change: () => Promise<void>): Promise<void> {
  const flow = `flow:${echo}` as const;
  const seen = await probeDuring(segment, address, [forbidden, allowed, flow], async () => {
    await sleep(500);
    await change();
  });
  const [shut, open, kept] = [seen[forbidden]!, seen[allowed]!, seen[flow]!];
  t.log(
    `${what}: ${open.asked} asked; allowed ${open.answered}, longest wait ${Math.round(open.gapMs)} ms; flow ${kept.answered}`,
  );
  t.is(shut.answered, 0, `${what}: forbidden packets came through`);
  t.deepEqual([open.answered, open.silent], [open.asked, 0], `${what}: allowed packets were lost`);
  t.deepEqual([kept.answered, kept.silent], [kept.asked, 0], `${what}: the open connection lost bytes`);
}

async function refusesLaterStore(t: ExecutionContext, segment: Segment, host: BootedHost): Promise<void> {
  await stays(t, segment, 'with the store of a later version', async () => {
    await host.run('systemctl', 'stop', 'calico-apiserver');
    await markFormat(host, format + 1);
    await host.sh('systemctl start --no-block calico-apiserver');
    await until(
      async () => (await host.run('journalctl', '-u', 'calico-apiserver', '-o', 'cat')).includes('later version'),
      30_000,
    );
  });
  const said = await host.run('journalctl', '-u', 'calico-apiserver', '-o', 'cat');
  t.regex(
    said,
    new RegExp(`was written by a later version of this program: format ${format + 1}, this one reads up to ${format}`),
  );
  await host.run('systemctl', 'stop', 'calico-apiserver');
  await markFormat(host, format);
  await host.run('systemctl', 'start', 'calico-apiserver');
  await until(async () => /no-telnet/.test(await host.sh('calicoctl get gnp || true')), 30_000);
}

/** As a later version would have left it. */
async function markFormat(host: BootedHost, number: number): Promise<void> {
  const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const;
  const database = new ClassicLevel<Buffer, Buffer>(join(host.directory, 'var/lib/calico/store'), options);
  const key = markKey('format');
  await database.put(key, encodeNumber(key, number), { sync: true });
  await database.close();
}
