/** The pages for people: where `/` leads, that everything a page names is served here, and that it lets nothing else in. Over real HTTP. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { createTestApi } from './test-api.ts';

async function serve(t: ExecutionContext): Promise<string> {
  const { app } = await createTestApi();
  const server = createServer(app.routing);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await app.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a browser is led from / to the pages, whose parts are all served from here', async (t) => {
  const base = await serve(t);
  const root = await fetch(base, { headers: { accept: 'text/html,*/*' }, redirect: 'manual' });
  t.is(root.status, 302);
  const pages = new URL(root.headers.get('location')!, base);
  const page = await fetch(pages);
  t.is(page.status, 200);
  const policy = page.headers.get('content-security-policy')!;
  t.regex(policy, /default-src 'none'/);
  t.notRegex(policy, /https?:|\*|unsafe-eval|validator/);
  const html = await page.text();
  t.regex(html, /<title>Calico appliance API<\/title>/);
  const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => new URL(match[1]!, pages));
  t.true(parts.length >= 6);
  for (const part of parts) {
    t.is(part.origin, pages.origin);
    const answer = await fetch(part);
    t.is(answer.status, 200, part.href);
    t.true((await answer.arrayBuffer()).byteLength > 0);
  }
  const { paths, tags } = (await (await fetch(new URL('json', pages))).json()) as { paths: object; tags: unknown[] };
  t.true(Object.keys(paths).length > 90);
  t.true(tags.length >= 24);
});

test('programs get the list of paths, each of which is there', async (t) => {
  const base = await serve(t);
  const { paths } = (await (await fetch(base)).json()) as { paths: string[] };
  t.true(paths.length > 10);
  for (const path of paths) t.is((await fetch(base + path)).status, 200, path);
  t.is((await fetch(`${base}/docs/static/../../package.json`)).status, 404);
  t.is((await fetch(`${base}/docs/static/%2e%2e/package.json`)).status, 404);
});
