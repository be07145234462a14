/** A restart of the real server under load: nothing acknowledged is lost, and no client gets half an answer. */
import { once } from 'node:events';
import http from 'node:http';
import test from 'ava';
import { call, makePlace, type Place, startServer } from './apiserver-process.ts';

const sets = '/apis/projectcalico.org/v3/globalnetworksets';

/** What became of a request: its status with a whole answer, or how its connection ended before any answer. */
type Outcome = { readonly status: number; readonly isWhole: boolean } | { readonly code: string };

function send(place: Place, agent: http.Agent, method: string, path: string, body?: object): Promise<Outcome> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json' };
    const request = http.request({ socketPath: place.socket, agent, method, path, headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      response.on('error', () => resolve({ status: response.statusCode!, isWhole: false }));
      response.on('end', () => resolve({ status: response.statusCode!, isWhole: response.complete && isJson(text) }));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve({ code: error.code ?? '' }));
    request.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

test('a restart under load loses no acknowledged write and breaks no answer; readiness goes first, watches end cleanly', async (t) => {
  const place = makePlace({ CALICO_DRAIN_DELAY: '1s', CALICO_LOG_LEVEL: 'warn' });
  t.teardown(place.remove);
  const first = startServer(place);
  t.teardown(() => first.child.kill('SIGKILL'));
  await first.ready();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
  t.teardown(() => agent.destroy());
  const acknowledged: string[] = [];
  const outcomes: Outcome[] = [];
  let isOver = false;
  const write = async (worker: number) => {
    for (let i = 0; !isOver; i++) {
      const name = `w${worker}-${i}`;
      const outcome = await send(place, agent, 'POST', sets, { metadata: { name }, spec: { nets: ['192.0.2.1'] } });
      outcomes.push(outcome);
      if ('status' in outcome && outcome.status === 201) acknowledged.push(name);
      if ('code' in outcome) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const list = async () => {
    while (!isOver) {
      const outcome = await send(place, agent, 'GET', sets);
      outcomes.push(outcome);
      if ('code' in outcome) await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const watching = watch(place);
  const load = [...[0, 1, 2, 3].map(write), list()];
  while (acknowledged.length < 100) await new Promise((resolve) => setTimeout(resolve, 20));
  first.child.kill('SIGTERM');
  const before = acknowledged.length;
  let readiness = 200;
  while (readiness === 200) readiness = (await call(place, 'GET', '/readyz')).status;
  t.is(readiness, 503);
  const { code, errors } = await first.exited;
  t.is(code, 0, errors);
  t.true(acknowledged.length > before, 'writes go on while load balancers learn of it');
  t.deepEqual(await watching, { isWhole: true });
  const second = startServer(place);
  t.teardown(() => second.child.kill('SIGKILL'));
  await second.ready();
  const resumed = acknowledged.length;
  while (acknowledged.length < resumed + 20) await new Promise((resolve) => setTimeout(resolve, 20));
  isOver = true;
  await Promise.all(load);
  const { items } = (await call(place, 'GET', sets)).body;
  const present = new Set(items.map((item: { metadata: { name: string } }) => item.metadata.name));
  t.deepEqual(
    acknowledged.filter((name) => !present.has(name)),
    [],
  );
  const broken = outcomes.filter((outcome) => 'status' in outcome && !outcome.isWhole);
  t.deepEqual(broken, []);
  const codes = new Set(outcomes.flatMap((outcome) => ('code' in outcome ? [outcome.code] : [])));
  for (const code of codes) t.true(['ECONNREFUSED', 'ENOENT'].includes(code), `a connection broke: ${code}`);
});

/** Whether a watch ends with the whole of its last line. */
async function watch(place: Place): Promise<{ isWhole: boolean }> {
  const request = http.request({ socketPath: place.socket, path: `${sets}?watch=1`, agent: false });
  request.end();
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { isWhole: response.complete && text.endsWith('\n') && text.trim().split('\n').every(isJson) };
}
