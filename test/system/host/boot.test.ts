/**
 * Between link-up and the agent's first pass: what was enforced before a reboot, a power cut, or damage to the file that keeps it holds from the first packet
 * on. A prober on the host's segment asks a forbidden and an allowed port every 10 ms all the while.
 */
import { cpSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type BootedHost, bootHost } from './booted-host.ts';
import { inSync } from './in-sync.ts';
import { baseImage, packageUnderTest } from './package.ts';
import { probeDuring, type Seen } from './probe.ts';
import { createSegment, type Segment } from './segment.ts';

const address = '10.77.0.11';
const forbidden = 23;
const allowed = 24;
const failsafe = 22;

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
metadata: { name: host-b-uplink, labels: { guarded: "true" } }
spec: { node: host-b, interfaceName: host0 }
`;

/** Longer than the agent puts off saving what it has done. */
const savedMs = 2_000;

test('from link-up at boot to the agent in sync, no forbidden packet gets through', async (t) => {
  t.timeout(600_000);
  const [image, deb] = [await baseImage(), await packageUnderTest()];
  const segment = await createSegment();
  const host = await bootHost(image, 'host-b', { segment, address: `${address}/24` }).catch(async (error: unknown) => {
    await segment.close();
    throw error;
  });
  try {
    cpSync(deb, join(host.directory, 'root', basename(deb)));
    await host.run('dpkg', '--install', `/root/${basename(deb)}`);
    t.is(await host.sh('systemctl is-enabled calico-boot || true'), 'disabled', 'installing enables nothing');
    await host.run('systemctl', 'enable', '--now', 'calico-node');
    t.is(await host.run('systemctl', 'is-enabled', 'calico-boot'), 'enabled');
    await inSync(host);
    await host.sh(`cat >/root/policy.yaml <<'END'\n${policy}\nEND\ncalicoctl apply -f /root/policy.yaml`);
    await sleep(savedMs);
    await survives(t, segment, host, 'a reboot', host.powerOff);
    t.regex(
      await host.run('journalctl', '-b', '-u', 'calico-node', '-o', 'cat'),
      /"isUnchanged":true/,
      'it is adopted',
    );
    t.log(await host.run('systemd-analyze', 'blame', '--no-pager').then((text) => /.*calico-boot.*/.exec(text)?.[0]));
    await survives(t, segment, host, 'a power cut while the ruleset is being saved', async () => {
      await keepSaving(host);
      await host.cutPower();
    });
    await survives(t, segment, host, 'a power cut with the newest ruleset torn', async () => {
      writeFileSync(join(host.directory, 'var/lib/calico/boot/ruleset'), 'torn');
      await host.cutPower();
    });
    await survives(t, segment, host, 'a power cut with nothing left of what was saved', async () => {
      for (const name of ['ruleset', 'ruleset.previous'])
        writeFileSync(join(host.directory, 'var/lib/calico/boot', name), '');
      await host.cutPower();
    });
    t.regex(
      await host.run('journalctl', '-b', '-u', 'calico-boot', '-o', 'cat'),
      /everything but failsafe ports is closed/,
    );
    await survivesWithoutStore(t, segment, host);
    await isOpenOnceDisabled(t, segment, host);
  } finally {
    await host.close();
    await segment.close();
  }
});

/** The forbidden port is never answered, the allowed one is again at the end. */
async function survives(
  t: ExecutionContext,
  segment: Segment,
  host: BootedHost,
  what: string,
  fall: () => Promise<void>,
): Promise<void> {
  await fall();
  const seen = await probeDuring(segment, address, [forbidden, allowed, failsafe], async () => {
    await host.boot();
    await inSync(host);
    await sleep(500);
  });
  print(t, what, seen);
  t.is(seen[forbidden]!.answered, 0, `${what}: forbidden packets came through`);
  t.true(seen[allowed]!.answered > 0, `${what}: the allowed port is open again`);
  t.true(seen[failsafe]!.answered > 0, `${what}: the failsafe port is open`);
}

/** Labels that come and go change a chain each time, so that there is always something to save. */
async function keepSaving(host: BootedHost): Promise<void> {
  const loop =
    'while :; do calicoctl label hep host-b-uplink extra=1 --overwrite; calicoctl label hep host-b-uplink guarded=true --overwrite; done';
  await host.sh(`(${loop}) >/dev/null 2>&1 </dev/null &`);
  await sleep(1_500);
}

/** Nobody to ask, for ever: what was enforced is, and what was allowed flows. */
async function survivesWithoutStore(t: ExecutionContext, segment: Segment, host: BootedHost): Promise<void> {
  await sleep(savedMs);
  await host.sh(
    'printf "CALICO_APISERVER=disabled\\nDATASTORE_TYPE=etcdv3\\nETCD_ENDPOINTS=http://10.77.0.99:2379\\n" >>/etc/calico/calico.env',
  );
  await host.powerOff();
  const seen = await probeDuring(segment, address, [forbidden, allowed], async () => {
    await host.boot();
    await sleep(2_000);
  });
  print(t, 'a reboot without a store', seen);
  t.is(seen[forbidden]!.answered, 0, 'without a store: forbidden packets came through');
  t.true(seen[allowed]!.answered > 0, 'without a store: the allowed port is open');
}

/** Who does not want the agent does not get its rules; this also shows that the prober sees what comes through. */
async function isOpenOnceDisabled(t: ExecutionContext, segment: Segment, host: BootedHost): Promise<void> {
  await host.run('systemctl', 'disable', 'calico-node');
  t.is(await host.sh('systemctl is-enabled calico-boot || true'), 'disabled');
  await host.powerOff();
  const seen = await probeDuring(segment, address, [forbidden], async () => {
    await host.boot();
    await sleep(1_000);
  });
  t.true(seen[forbidden]!.answered > 0, 'a host whose agent is disabled enforces nothing after a boot');
}

function print(t: ExecutionContext, what: string, seen: Readonly<Record<number, Seen>>): void {
  const parts = Object.entries(seen).map(
    ([port, count]) =>
      `${port}: ${count.answered} of ${count.asked} answered (${Math.round(count.firstMs ?? 0)}-${Math.round(count.lastMs ?? 0)} ms, gap ${Math.round(count.gapMs)} ms)`,
  );
  t.log(`${what}: ${parts.join(', ')}`);
}
