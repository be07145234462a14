/** The package on a whole host: installed, enabled, killed, rebooted, cut off and purged, as its owner would see it. */
import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { until } from '../../appliance/felix/status/test-store.ts';
import { type BootedHost, bootHost } from './booted-host.ts';
import { inSync } from './in-sync.ts';
import { baseImage, packageUnderTest } from './package.ts';
import { differences, snapshot } from './snapshot.ts';

const policy = `apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: { name: no-telnet }
spec: { selector: all(), ingress: [{ action: Deny, protocol: TCP, destination: { ports: [23] } }] }
`;

const pool = `apiVersion: projectcalico.org/v3
kind: IPPool
metadata: { name: tunnels }
spec: { cidr: 10.66.0.0/16, vxlanMode: Always }
`;

test('the package installs, enforces, outlives kills, a reboot and a power cut, and leaves nothing behind', async (t) => {
  t.timeout(900_000);
  const [image, deb] = [await baseImage(), await packageUnderTest()];
  const host = await bootHost(image, 'host-a');
  try {
    cpSync(deb, join(host.directory, 'root', basename(deb)));
    const before = await snapshot(host);
    await host.run('dpkg', '--install', `/root/${basename(deb)}`);
    const rules = await host.run('nft', 'list', 'ruleset');
    t.is(rules, before.ruleset!, 'installing changes no traffic');
    await host.run('systemctl', 'enable', '--now', 'calico-node');
    await inSync(host);
    t.is(
      await host.run('nft', 'list', 'table', 'inet', 'filter'),
      ownTable(rules),
      'the table of the host is as it was',
    );
    t.regex(await host.run('calicoctl', 'get', 'nodes'), /^host-a\b/m);
    await host.sh(`echo '${policy}' | calicoctl apply -f -`);
    await isHardened(t, host);
    await letsOthersJoin(t, host);
    await reloads(t, host);
    await isWatched(t, host);
    for (const kill of [
      () => killBoth(host),
      () => host.powerOff().then(host.boot),
      () => host.cutPower().then(host.boot),
    ]) {
      await kill();
      await inSync(host);
      t.regex(await host.run('calicoctl', 'get', 'gnp'), /^no-telnet\b/m, 'what was acknowledged is there');
    }
    await host.run('systemctl', 'stop', 'calico-node');
    t.regex(await host.run('nft', 'list', 'tables'), /inet calico/, 'a stopped agent goes on being obeyed');
    await host.run('systemctl', 'start', 'calico-node');
    await makesTunnel(t, host);
    await host.run('calicoctl', 'node', 'uninstall', '--restore');
    const restored = await snapshot(host);
    for (const part of ['ruleset', 'routes', 'links', 'sysctls'] as const)
      t.deepEqual(differences({ [part]: before[part]! }, restored), [], `restored, its ${part} are as before`);
    t.is(
      await host.sh('systemctl is-enabled calico-node calico-boot calico-apiserver || true'),
      'disabled\n'.repeat(3).trim(),
    );
    await host.run('dpkg', '--purge', 'calico-appliance');
    t.deepEqual(differences(before, await snapshot(host)), [], 'purged, it leaves nothing behind');
  } finally {
    await host.close();
  }
});

async function isHardened(t: ExecutionContext, host: BootedHost): Promise<void> {
  const text = await host.run('systemd-analyze', 'security', '--no-pager');
  for (const [unit, most] of [
    ['calico-apiserver', 3],
    ['calico-node', 4.5],
  ] as const) {
    const exposure = Number(new RegExp(`^${unit}\\.service +([\\d.]+)`, 'm').exec(text)?.[1]);
    t.true(exposure > 0 && exposure <= most, `${unit}: exposure ${exposure}`);
  }
}

const mainPid = (host: BootedHost) => host.run('systemctl', 'show', '--property=MainPID', '--value', 'calico-node');

/** Until it has been noticed. */
async function killBoth(host: BootedHost): Promise<void> {
  const pid = await mainPid(host);
  await host.run('systemctl', 'kill', '--kill-whom=main', '--signal=KILL', 'calico-node', 'calico-apiserver');
  await until(async () => (await mainPid(host)) !== pid, 60_000);
}

/** Settings of environment and file, taken while it runs; what is in the kernel stays. */
async function reloads(t: ExecutionContext, host: BootedHost): Promise<void> {
  const [pid, rules] = [await mainPid(host), await ourRules(host)];
  const listens = async () => (await host.sh("ss --listening --tcp --numeric --no-header 'sport = :9191'")) !== '';
  const setting = 'FELIX_PROMETHEUSMETRICSPORT=9191';
  await host.sh(`printf '%s\n' ${setting} >> /etc/calico/calico.env`);
  await host.sh("printf '[global]\nPrometheusMetricsEnabled = true\n' > /etc/calico/felix.cfg");
  t.false(await listens());
  await host.run('systemctl', 'reload', 'calico-node');
  await until(listens, 30_000);
  await host.sh(`sed -i '/^${setting}$/d' /etc/calico/calico.env && rm /etc/calico/felix.cfg`);
  await host.run('systemctl', 'reload', 'calico-node');
  await until(async () => !(await listens()), 30_000);
  t.is(await mainPid(host), pid, 'by the same process');
  t.is(await ourRules(host), rules);
}

/** An agent that is stuck is ended by systemd's watchdog and started anew; meanwhile the kernel goes on as it was told. */
async function isWatched(t: ExecutionContext, host: BootedHost): Promise<void> {
  const dropIn = '/run/systemd/system/calico-node.service.d';
  await host.sh(`mkdir -p ${dropIn} && printf '[Service]\nWatchdogSec=3s\n' > ${dropIn}/watchdog.conf`);
  await host.sh('systemctl daemon-reload && systemctl restart calico-node');
  await inSync(host);
  const [pid, rules] = [await mainPid(host), await ourRules(host)];
  await host.run('kill', '-STOP', pid);
  t.is(await ourRules(host), rules, 'held while it is stuck');
  await until(async () => {
    t.is(await ourRules(host), rules, 'held all the while');
    const now = await mainPid(host);
    return now !== '0' && now !== pid;
  }, 60_000);
  await inSync(host);
  t.is(await ourRules(host), rules);
  t.regex(await host.run('journalctl', '--no-pager', '--unit=calico-node'), /Watchdog timeout/);
  await host.sh(`rm -r ${dropIn} && systemctl daemon-reload && systemctl restart calico-node`);
  await inSync(host);
}

function ourRules(host: BootedHost): Promise<string> {
  return host.run('nft', '--stateless', 'list', 'table', 'inet', 'calico');
}

/** A tunnel device with its address, over a link that the test takes away again. */
async function makesTunnel(t: ExecutionContext, host: BootedHost): Promise<void> {
  await host.sh(
    'ip link add eth9 type veth peer name eth9p && ip link set eth9p up && ip address add 10.88.0.1/24 dev eth9 && ip link set eth9 up',
  );
  await host.sh(`calicoctl apply -f - <<'END'\n${pool}END`);
  await host.run('systemctl', 'restart', 'calico-node');
  await until(async () => (await host.sh('ip -o link show')).includes('vxlan.calico'), 60_000);
  await host.run('ip', 'link', 'delete', 'eth9');
  t.pass();
}

/** The API server signs for hosts that join, with a key it reads as the user it runs as. */
async function letsOthersJoin(t: ExecutionContext, host: BootedHost): Promise<void> {
  await host.run('calicoctl', 'ca', 'init');
  await host.run('calicoctl', 'ca', 'issue', 'server', 'api', '--host', '127.0.0.1');
  await host.sh("echo 'CALICO_API_LISTEN=unix:/run/calico/api.sock,https://127.0.0.1:5443' >> /etc/calico/calico.env");
  await host.run('systemctl', 'restart', 'calico-apiserver');
  t.regex(await host.run('calicoctl', 'node', 'token', 'create'), /calico-join/);
  t.is(await host.sh('stat -c "%U %G %a" /etc/calico/ca.key'), 'root calico 640');
}

/** The table that Debian's own service makes. */
function ownTable(ruleset: string): string {
  return ruleset.slice(ruleset.indexOf('table inet filter {'), ruleset.indexOf('\n}') + 2);
}
