/** The agent as a program: what its watchdog hears while a part is stuck, and its health as a monitor sees it. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { until, world } from './agent-world.ts';

/** The other end of sd_notify(3). */
async function listen(t: ExecutionContext, path: string) {
  const listener = execa('socat', ['-u', `UNIX-RECVFROM:${path},fork`, 'STDOUT'], { buffer: false, stdin: 'ignore' });
  const heard = { text: '', beats: 0 };
  listener.stdout.on('data', (text: Buffer) => {
    heard.text += text;
    heard.beats += text.toString().split('WATCHDOG=1').length - 1;
  });
  t.teardown(async () => {
    listener.kill('SIGKILL');
    await listener.catch(() => undefined);
    rmSync(path, { force: true });
  });
  await sleep(300);
  return heard;
}

test.serial('SIGHUP reads calico.env and felix.cfg again, and systemd is told', async (t) => {
  const path = join(tmpdir(), `calico-notify-${process.pid}-hup.sock`);
  const heard = await listen(t, path);
  const { agent, folder, nft, get, status } = await world(t, { NOTIFY_SOCKET: path, CALICO_LOG_LEVEL: '' });
  await until(async () => (await status()).appliedRevision > 0);
  let output = '';
  agent.all.on('data', (text: Buffer) => {
    output += text;
  });
  t.notRegex(await nft(), /reject/);
  mkdirSync(join(folder, 'etc'));
  const write = (name: string, text: string) => writeFileSync(join(folder, 'etc', name), text);
  write('felix.cfg', '[global]\nHealthEnabled = true\nDefaultEndpointToHostAction = Accept\n');
  write('calico.env', 'CALICO_LOG_LEVEL=debug\nETCD_USERNAME=nobody\nETCD_PASSWORD=secret\n');
  const before = await nft();
  agent.kill('SIGHUP');
  await until(async () => (await get('http://localhost:9099/readiness')).code === 204);
  await until(async () => (await nft()) !== before);
  await until(() => /RELOADING=1\nMONOTONIC_USEC=\d+.*READY=1/s.test(heard.text));
  await until(() => output.includes('ETCD_PASSWORD: changed in'));
  t.notRegex(output, /secret/);
  write('calico.env', 'CALICO_LOG_LEVEL=loud\n');
  write('felix.cfg', '');
  agent.kill('SIGHUP');
  await until(() => output.includes('settings cannot be used'));
  t.is((await get('http://localhost:9099/readiness')).code, 204, 'nothing has changed');
  t.is(agent.exitCode, null);
});

test.serial('a pass that hangs fails liveness and stops the heartbeat, while the process lives', async (t) => {
  const path = join(tmpdir(), `calico-notify-${process.pid}.sock`);
  const heard = await listen(t, path);
  const { agent, get, etcdctl, status } = await world(t, {
    NOTIFY_SOCKET: path,
    WATCHDOG_USEC: '400000',
    FELIX_HEALTHENABLED: 'true',
    FELIX_HEALTHTIMEOUTOVERRIDES: 'InternalDataplaneMainLoop=500ms',
    FELIX_DEBUGSIMULATEDATAPLANEHANGAFTER: '6',
  });
  const codes = async () =>
    `${(await get('http://localhost:9099/liveness')).code} ${(await get('http://localhost:9099/readiness')).code}`;
  await until(async () => (await codes()) === '204 204');
  await until(() => heard.beats >= 3);
  t.regex(heard.text, /READY=1/);
  await sleep(6_000);
  const key = '/calico/resources/v3/projectcalico.org/ippools/a';
  await etcdctl('put', key, JSON.stringify({ kind: 'IPPool', spec: { cidr: '10.65.0.0/16', natOutgoing: true } }));
  await until(async () => (await codes()) === '503 503');
  t.regex((await get('http://localhost:9099/liveness')).text, /InternalDataplaneMainLoop.*timed out/);
  await sleep(400);
  const { beats } = heard;
  await sleep(2_000);
  t.is(heard.beats, beats, 'not one more');
  t.is(agent.exitCode, null);
  t.true((await status()).health.some(({ isTimedOut }: { isTimedOut: boolean }) => isTimedOut));
});
