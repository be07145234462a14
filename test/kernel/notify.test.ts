import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { execa } from 'execa';
import { openServiceManager } from '#appliance/kernel/notify.ts';
import { until } from '../appliance/felix/status/test-store.ts';

test.serial('beatWhile() keeps the heartbeat back while a part is stuck, and goes on afterwards', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'notify-'));
  const path = join(folder, 'notify.sock');
  const listener = execa('socat', ['-u', `UNIX-RECVFROM:${path},fork`, 'STDOUT'], { buffer: false, stdin: 'ignore' });
  let beats = 0;
  listener.stdout.on('data', (text: Buffer) => {
    beats += text.toString().split('WATCHDOG=1').length - 1;
  });
  try {
    await until(() => existsSync(path));
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

test.serial(
  'openServiceManager() tells the socket of systemd what it is told, and beats at half the time of the watchdog',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'notify-'));
    const path = join(folder, 'notify.sock');
    const listener = execa('socat', ['-u', `UNIX-RECVFROM:${path},fork`, 'STDOUT'], { buffer: false, stdin: 'ignore' });
    let text = '';
    listener.stdout.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    try {
      await until(() => existsSync(path));
      const startMs = performance.now();
      const manager = openServiceManager({ NOTIFY_SOCKET: path, WATCHDOG_USEC: '400000' });
      manager.ready();
      await until(() => text.includes('READY=1'));
      manager.status('two\nlines');
      await until(() => text.split('WATCHDOG=1').length > 2);
      manager.stopping();
      const passedMs = performance.now() - startMs;
      await until(() => text.includes('STOPPING=1'));
      await sleep(700);
      t.true(text.replaceAll('WATCHDOG=1', '').startsWith('READY=1STATUS=two lines'), text);
      const beats = text.split('WATCHDOG=1').length - 1;
      t.true(beats <= passedMs / 200, `${beats} beats in ${passedMs} ms`);
      t.true(text.endsWith('STOPPING=1'), 'no beat after it');
    } finally {
      listener.kill('SIGKILL');
      await listener.catch(() => undefined);
      rmSync(folder, { recursive: true });
    }
  },
);

test.serial('openServiceManager() does nothing without a socket, and refuses a path that fits no address', (t) => {
  t.notThrows(() => openServiceManager({}).ready());
  t.throws(() => openServiceManager({ NOTIFY_SOCKET: `/${'x'.repeat(107)}` }), { message: /NOTIFY_SOCKET/ });
});
