/** Many writers of one object through a real socket: every success is there, and no other. */
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { createTestApi, networkSet, root } from './test-api.ts';

const headers = { 'content-type': 'application/merge-patch+json' };

test('writers at once: who is told of success is in the object, who is refused is not', async (t) => {
  const api = await createTestApi();
  await api.call('POST', 'globalnetworksets', networkSet('a'));
  await api.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = api.app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}${root}/globalnetworksets/a`;
  const done: string[] = [];
  let conflicts = 0;
  const patcher = async (i: number) => {
    for (let n = 0; n < 5; n++) {
      const label = `p${i}-${n}`;
      const answer = await fetch(url, {
        method: 'PATCH',
        headers,
        body: JSON.stringify({ metadata: { labels: { [label]: 'x' } } }),
      });
      await answer.text();
      if (answer.status === 200) done.push(label);
      else t.is(answer.status, 409);
    }
  };
  const replacer = async (i: number) => {
    for (let n = 0; n < 5; n++) {
      const label = `r${i}-${n}`;
      const body = (await (await fetch(url)).json()) as { metadata: { labels?: Record<string, string> } };
      body.metadata.labels = { ...body.metadata.labels, [label]: 'x' };
      const answer = await fetch(url, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const { message = '' } = (await answer.json()) as { message?: string };
      if (answer.status === 200) done.push(label);
      else {
        conflicts++;
        t.is(answer.status, 409);
        t.regex(message, /resourceVersion is \d+, not \d+|too many writers/);
      }
    }
  };
  const applier = async (i: number) => {
    const manager = `a${i}`;
    const options = { method: 'PATCH', headers: { 'content-type': 'application/apply-patch+yaml' } };
    const body = JSON.stringify({ metadata: { labels: { [manager]: 'x' } } });
    const answer = await fetch(`${url}?fieldManager=${manager}`, { ...options, body });
    await answer.text();
    if (answer.status === 200) done.push(manager);
    else t.is(answer.status, 409);
  };
  const eight = Array.from({ length: 8 }, (_, i) => i);
  await Promise.all([...eight.map(patcher), ...eight.map(replacer), ...eight.map(applier)]);
  const { metadata } = (await (await fetch(url)).json()) as { metadata: { labels: Record<string, string> } };
  t.deepEqual(Object.keys(metadata.labels).sort(), done.sort());
  t.true(done.length > 8 && conflicts > 0, `${done.length} written, ${conflicts} conflicts`);
  await api.app.close();
});
