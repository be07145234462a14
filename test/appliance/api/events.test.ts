/** Events: an empty list in both forms, and a watch that waits and ends. */
import test from 'ava';
import { createTestApi } from './test-api.ts';

for (const path of ['/api/v1/events', '/api/v1/namespaces/prod/events']) {
  test(`${path} is an empty list, and a watch on which nothing comes`, async (t) => {
    const { app } = await createTestApi();
    const list = (await app.inject({ url: path })).json();
    t.like(list, { kind: 'EventList', apiVersion: 'v1', items: [] });
    t.regex(list.metadata.resourceVersion, /^\d+$/);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    t.like((await app.inject({ url: path, headers: { accept } })).json(), { kind: 'Table', rows: [] });
    const watch = await app.inject({ url: `${path}?watch=true&timeoutSeconds=1` });
    t.deepEqual([watch.statusCode, watch.body], [200, '']);
  });
}
