import test from 'ava';
import { createTestApi } from './test-api.ts';

test('requests are counted by verb, resource and code, and durations by class; no name becomes a label', async (t) => {
  const api = await createTestApi();
  await api.call('GET', 'tiers');
  await api.call('GET', 'tiers/secret-name');
  await api.call('GET', 'tiers/default');
  await api.call('GET', '/nowhere/secret-name');
  const answer = await api.call('GET', '/metrics');
  t.is(answer.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  const lines = answer.body.split('\n');
  t.true(lines.includes('apiserver_request_total{verb="LIST",resource="tiers",code="200"} 1'));
  t.true(lines.includes('apiserver_request_total{verb="GET",resource="tiers",code="404"} 1'));
  t.true(lines.includes('apiserver_request_total{verb="GET",resource="tiers",code="200"} 1'));
  t.true(lines.includes('apiserver_request_duration_seconds_count{verb="GET",resource="tiers"} 2'));
  t.true(lines.includes('apiserver_request_duration_seconds_bucket{verb="GET",resource="tiers",le="+Inf"} 2'));
  t.regex(answer.body, /^calico_store_revision [1-9]\d*$/m);
  t.false(answer.body.includes('secret-name'));
  for (const line of lines.filter(Boolean)) t.regex(line, /^(# (HELP|TYPE) .*|[a-z_]+(\{[^}]*\})? [\d.e+-]+)$/);
});

test('open watches are counted while they are open', async (t) => {
  const api = await createTestApi();
  const watching = api.call('GET', 'tiers?watch=true&timeoutSeconds=60');
  const open = async () =>
    /apiserver_longrunning_requests\{verb="WATCH"\} (\d+)/.exec((await api.call('GET', '/metrics')).body)?.[1];
  for (let i = 0; i < 100 && (await open()) !== '1'; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(await open(), '1');
  api.stopping.abort();
  await watching;
  for (let i = 0; i < 100 && (await open()) !== '0'; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  t.is(await open(), '0');
});
