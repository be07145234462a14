import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseListenAddress } from '#appliance/etcd-face/listen-address.ts';
import { serveMemory } from './face.ts';

const none = { hasKeyPair: false, checksClients: false };
const full = { hasKeyPair: true, checksClients: true };
const pairOnly = { hasKeyPair: true, checksClients: false };

for (const [text, tls] of [
  ['unix:/run/calico/etcd.sock', none],
  ['http://127.0.0.1:2379', none],
  ['http://[::1]:2379', none],
  ['https://localhost:2379', pairOnly],
  ['https://10.0.0.1:2379', full],
] as const) {
  test(`\`parseListenAddress()\` takes ${text}`, (t) => {
    t.notThrows(() => parseListenAddress(text, tls));
  });
}

for (const [text, tls, code] of [
  ['http://10.0.0.1:2379', full, 'ETCD_FACE_INSECURE'],
  ['http://0.0.0.0:2379', none, 'ETCD_FACE_INSECURE'],
  ['https://10.0.0.1:2379', pairOnly, 'ETCD_FACE_INSECURE'],
  ['https://127.0.0.1:2379', none, 'ETCD_FACE_INSECURE'],
  ['http://127.example.org:2379', none, 'ETCD_FACE_INSECURE'],
  ['unix:relative', none, 'ETCD_FACE_BAD_ADDRESS'],
  ['10.0.0.1:2379', full, 'ETCD_FACE_BAD_ADDRESS'],
  ['http://127.0.0.1:2379/path', none, 'ETCD_FACE_BAD_ADDRESS'],
] as const) {
  test(`\`parseListenAddress()\` refuses ${text} ${tls === none ? 'without TLS' : ''}`, (t) => {
    t.throws(() => parseListenAddress(text, tls), { code });
  });
}

test('`startEtcdFace()` lets owner and group connect to its socket, and removes it in the end', async (t) => {
  const served = await serveMemory();
  t.is((await stat(served.socketPath)).mode & 0o777, 0o660);
  await served.face.close();
  await t.throwsAsync(stat(served.socketPath), { code: 'ENOENT' });
  await served[Symbol.asyncDispose]();
});

test('`startEtcdFace()` replaces a dead socket, and nothing else', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'calico-test-socket-'));
  const path = join(directory, 'etcd.sock');
  const listen = `unix:${path}`;
  await leaveDeadSocket(path);
  const first = await serveMemory({ listen });
  await t.throwsAsync(serveMemory({ listen }), { code: 'ETCD_FACE_IN_USE' });
  await first[Symbol.asyncDispose]();
  await writeFile(path, 'precious');
  await t.throwsAsync(serveMemory({ listen }), { code: 'ETCD_FACE_IN_USE' });
  t.true((await stat(path)).isFile());
  await rm(directory, { recursive: true });
});

/** A socket file without a listener, as a killed process leaves it. */
async function leaveDeadSocket(path: string): Promise<void> {
  const { execFile } = await import('node:child_process');
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await new Promise((resolve) => execFile(process.execPath, ['-e', script], resolve));
  const socket = net.connect(path);
  await new Promise((resolve) => socket.once('error', resolve));
}
