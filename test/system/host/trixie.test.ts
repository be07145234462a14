/** The short way on the Debian after: installed, enabled, enforced from a power cut on, purged without a trace. */
import { cpSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { bootHost } from './booted-host.ts';
import { inSync } from './in-sync.ts';
import { baseImage, packageUnderTest } from './package.ts';
import { differences, snapshot } from './snapshot.ts';

test('Debian 13: the package installs, enforces from boot on, and leaves nothing behind', async (t) => {
  t.timeout(600_000);
  const [image, deb] = [await baseImage('trixie'), await packageUnderTest()];
  const host = await bootHost(image, 'host-d');
  try {
    cpSync(deb, join(host.directory, 'root', basename(deb)));
    const before = await snapshot(host);
    t.regex(await host.run('cat', '/etc/os-release'), /trixie/);
    await host.run('apt-get', 'install', '-qq', '-y', '--no-install-recommends', `/root/${basename(deb)}`);
    await host.run('calicoctl', 'node', 'init', '--node', 'web-1', '--ip', 'none');
    await host.run('systemctl', 'enable', '--now', 'calico-node');
    await inSync(host);
    t.regex(await host.run('calicoctl', 'get', 'nodes'), /^web-1\b/m);
    await sleep(2_000);
    await host.cutPower();
    await host.boot();
    await inSync(host);
    t.regex(await host.run('journalctl', '-b', '-u', 'calico-boot', '-o', 'cat'), /is enforced/);
    t.regex(await host.run('journalctl', '-b', '-u', 'calico-node', '-o', 'cat'), /"isUnchanged":true/);
    await host.run('apt-get', 'purge', '-qq', '-y', 'calico-appliance');
    t.deepEqual(differences(before, await snapshot(host)), [], 'purged, it leaves nothing behind');
  } finally {
    await host.close();
  }
});
