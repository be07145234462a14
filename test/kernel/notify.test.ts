import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { openServiceManager } from '#appliance/kernel/notify.ts';

test('openServiceManager() tells the socket of systemd what it is told, and beats at half the time of the watchdog', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'notify-'));
  const path = join(folder, 'notify.sock');
  const listener = execa('socat', ['-u', `UNIX-RECVFROM:${path},fork`, 'STDOUT'], { buffer: true });
  try {
    await sleep(500);
    const manager = openServiceManager({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' });
    manager.ready();
    manager.status('two\nlines');
    await sleep(700);
    manager.stopping();
    await sleep(700);
    listener.kill('SIGTERM');
    const text = (await listener.catch((error: { stdout: string }) => error)).stdout!;
    t.true(text.startsWith('READY=1STATUS=two lines'), text);
    const beats = text.split('WATCHDOG=1').length - 1;
    t.true(beats >= 2 && beats <= 3, `${beats} beats in 0.7 s`);
    t.true(text.endsWith('STOPPING=1'), 'no beat after it');
  } finally {
    listener.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  }
});

test('openServiceManager() does nothing without a socket, and refuses a path that fits no address', (t) => {
  t.notThrows(() => openServiceManager({}).ready());
  t.throws(() => openServiceManager({ NOTIFY_SOCKET: `/${'x'.repeat(107)}` }), { message: /NOTIFY_SOCKET/ });
});
