import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createProgress } from '#appliance/felix/status/progress.ts';
import { startStatusSocket } from '#appliance/felix/status/status-socket.ts';
import { until } from './test-store.ts';

async function world(t: ExecutionContext, describe: () => Record<string, unknown> = () => ({ node: 'h' })) {
  const folder = mkdtempSync(join(tmpdir(), 'calico-socket-'));
  const path = join(folder, 'run/node.sock');
  const progress = createProgress();
  const asked = { count: 0 };
  const requestProgress = () => void asked.count++;
  const resets = { count: 0 };
  const resetStall = () => void resets.count++;
  const socket = await startStatusSocket({ path, progress, requestProgress, describe, resetStall });
  t.teardown(async () => {
    await socket.close();
    rmSync(folder, { recursive: true });
  });
  return { path, progress, asked, resets, get: (url: string, method = 'GET') => ask(path, url, method) };
}

function ask(socketPath: string, path: string, method: string): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, method }, async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) });
    });
    call.once('error', reject).end();
  });
}

test('GET /status begins a new measurement of stalls when asked to, and only then', async (t) => {
  const { get, resets } = await world(t);
  await get('/status?resetStall=0');
  t.is(resets.count, 0);
  t.deepEqual(await get('/status?resetStall=1'), { status: 200, body: { node: 'h' } });
  t.is(resets.count, 1);
});

test('GET /status is the description, to owner and group only', async (t) => {
  const { path, get } = await world(t);
  t.deepEqual(await get('/status'), { status: 200, body: { node: 'h' } });
  t.is(statSync(path).mode & 0o777, 0o660);
});

test('GET /wait answers once the revision is applied, and asks the store meanwhile', async (t) => {
  const { progress, asked, get } = await world(t);
  const waiting = get('/wait?revision=7');
  await until(() => asked.count > 0);
  progress.onApplied(8);
  t.deepEqual(await waiting, { status: 200, body: { appliedRevision: 8 } });
  t.deepEqual(await get('/wait?revision=8'), { status: 200, body: { appliedRevision: 8 } });
});

test('GET /wait says how far it is when the time is over, and stops asking', async (t) => {
  const { progress, asked, get } = await world(t);
  progress.onApplied(3);
  const { status, body } = await get('/wait?revision=4&timeoutMs=10');
  t.is(status, 504);
  t.like(body, { appliedRevision: 3 });
  const before = asked.count;
  await new Promise((resolve) => setTimeout(resolve, 250));
  t.is(asked.count, before);
});

for (const query of [
  '',
  '?revision=',
  '?revision=x',
  '?revision=-1',
  '?revision=1.5',
  '?revision=1&timeoutMs=x',
  '?revision=1&timeoutMs=600001',
])
  test(`GET /wait${query} is refused`, async (t) => {
    const { get } = await world(t);
    t.is((await get(`/wait${query}`)).status, 400);
  });

test('other methods and paths are refused', async (t) => {
  const { get } = await world(t);
  t.is((await get('/status', 'POST')).status, 405);
  t.is((await get('/')).status, 404);
  t.is((await get('//')).status, 404);
});

test('a description that cannot be written is an answer, not the end', async (t) => {
  const { get } = await world(t, () => ({ value: 1n }));
  t.is((await get('/status')).status, 500);
  t.is((await get('/wait?revision=0')).status, 200);
});
