import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createMetricsPage, type MetricsPageParts } from '#appliance/felix/status/metrics/metrics-page.ts';
import { metric } from '#appliance/lib/prometheus-text.ts';

async function serve(t: ExecutionContext, parts: Partial<MetricsPageParts>) {
  const page = createMetricsPage({ current: () => [], costly: async () => [], ...parts });
  const server = createServer(page).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return async (path = '/metrics', method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { connection: 'close' } });
    return { code: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
}

test('what is costly is read once in a while, however many ask', async (t) => {
  let reads = 0;
  const costly = async () => [metric('gauge', 'reads', 'Reads.', ++reads)];
  const ask = await serve(t, { costly, costlyAgeMs: 600_000, current: () => [metric('gauge', 'now', 'Now.', 1)] });
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask()));
  t.is(reads, 1);
  for (const { code, type, text } of answers) {
    t.is(code, 200);
    t.is(type, 'text/plain; version=0.0.4; charset=utf-8');
    t.is(text, '# HELP now Now.\n# TYPE now gauge\nnow 1\n# HELP reads Reads.\n# TYPE reads gauge\nreads 1\n');
  }
});

test('what is costly is read anew once it is old', async (t) => {
  let reads = 0;
  const costly = async () => [metric('gauge', 'reads', 'Reads.', ++reads)];
  const ask = await serve(t, { costly, costlyAgeMs: 1 });
  t.regex((await ask()).text, /reads 1/);
  await new Promise((resolve) => setTimeout(resolve, 5));
  t.regex((await ask()).text, /reads 2/);
});

test('a failure is an answer, and is tried again by the next who asks', async (t) => {
  let reads = 0;
  const costly = async () => {
    if (++reads === 1) throw new Error('the kernel says no');
    return [];
  };
  const ask = await serve(t, { costly });
  t.deepEqual(await ask(), { code: 500, type: 'text/plain; charset=utf-8', text: 'the kernel says no\n' });
  t.is((await ask()).code, 200);
});

test('other paths and methods are refused', async (t) => {
  const ask = await serve(t, {});
  t.is((await ask('/')).code, 404);
  t.is((await ask('/metrics', 'POST')).code, 405);
  t.is((await ask('/metrics?x=1')).code, 200);
});
