import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { listenOnUnixSocket } from '#appliance/lib/unix-socket.ts';

function place(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'calico-unix-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return join(folder, 'run/a.sock');
}

function server(t: ExecutionContext): Server {
  const made = createServer();
  t.teardown(() => made.close());
  return made;
}

test('listenOnUnixSocket() makes the folder and sets the mode', async (t) => {
  const path = place(t);
  await listenOnUnixSocket(server(t), path, 0o660);
  t.is(statSync(path).mode & 0o777, 0o660);
});

test('listenOnUnixSocket() leaves one that is served alone', async (t) => {
  const path = place(t);
  await listenOnUnixSocket(server(t), path, 0o660);
  await t.throwsAsync(listenOnUnixSocket(server(t), path, 0o660), { code: 'SOCKET_IN_USE' });
  t.true(statSync(path).isSocket());
});

test('listenOnUnixSocket() takes over what a dead process left', async (t) => {
  const path = place(t);
  const program = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await listenOnUnixSocket(server(t), `${path}.first`, 0o660); // makes the folder
  await execa(process.execPath, ['--eval', program], { reject: false });
  t.true(statSync(path).isSocket());
  await listenOnUnixSocket(server(t), path, 0o600);
  t.is(statSync(path).mode & 0o777, 0o600);
});

test('listenOnUnixSocket() refuses a path that is no socket', async (t) => {
  const path = place(t);
  await listenOnUnixSocket(server(t), `${path}.first`, 0o660);
  writeFileSync(path, 'a file');
  await t.throwsAsync(listenOnUnixSocket(server(t), path, 0o660), { code: 'SOCKET_IN_USE' });
});
