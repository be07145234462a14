/** A server that has no authority says so, instead of failing. */
import test from 'ava';
import { call, makePlace, startServer } from '../apiserver-process.ts';

test('who asks for an authority that is not there is told how one is made', async (t) => {
  const place = makePlace();
  t.teardown(place.remove);
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  await server.ready();
  const { status, body } = await call(place, 'GET', '/enrolment/v1/authority');
  t.is(status, 403);
  t.regex(body.message, /no certificate authority: calicoctl ca init/);
});
