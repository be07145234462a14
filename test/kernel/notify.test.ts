import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { openServiceManager } from '#appliance/kernel/notify.ts';
import { until } from '../appliance/felix/status/test-store.ts';

test('beatWhile() keeps the heartbeat back while a part is stuck, and goes on afterwards', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'notify-'));
  const path = join(folder, 'notify.sock');
  const listener = execa('socat', ['-u', `UNIX-RECVFROM:${path},fork`, 'STDOUT'], { buffer: false, stdin: 'ignore' });
  let beats = 0;
  listener.stdout.on('data', (text: Buffer) => {
    beats += text.toString().split('WATCHDOG=1').length - 1;
  });
  try {
    await sleep(500);
    let isAlive = true;
    const manager = openServiceManager({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' });
    manager.beatWhile(() => isAlive);
    await until(() => beats >= 2);
    isAlive = false;
    await sleep(300);
    const before = beats;
    await sleep(500);
    t.is(beats, before);
    isAlive = true;
    await until(() => beats > before);
    manager.stopping();
  } finally {
    listener.kill('SIGKILL');
    await listener.catch(() => undefined);
    rmSync(folder, { recursive: true });
  }
});

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
