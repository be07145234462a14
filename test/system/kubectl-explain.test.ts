/** kubectl explains kinds from version 3 of the document, and from version 2, which is all that older ones read. */
import test from 'ava';
import { execa } from 'execa';
import { makePlace, startServer } from '../appliance/apiserver-process.ts';
import { oneKubectl } from './kubectl/programs.ts';

const kubectl = oneKubectl();

test('kubectl explain finds fields of every group, in both versions', async (t) => {
  const place = makePlace({ CALICO_API_LISTEN: 'http://127.0.0.1:0' });
  t.teardown(place.remove);
  const server = startServer(place);
  t.teardown(() => server.child.kill('SIGKILL'));
  const address = await server.address();
  const env = { HOME: place.dir, KUBECONFIG: '/dev/null' };
  const run = async (...words: string[]) =>
    (await execa(kubectl, ['--server', address, ...words], { env, timeout: 60_000 })).stdout;
  const minor = Number(/"minor": ?"(\d+)/.exec(await run('version', '-o', 'json'))?.[1]);
  // from 1.27 on explain reads version 3, and version 2 when told so
  const forms = minor >= 27 ? [[], ['--output=plaintext-openapiv2']] : [[]];
  for (const form of forms) {
    t.regex(await run('explain', 'globalnetworkset.spec.nets', ...form), /Addresses and prefixes of the set/);
    t.regex(await run('explain', 'hostendpoint.spec', ...form), /interfaceName\s+<string>/);
    t.regex(await run('explain', 'clusterrole.rules', ...form), /resourceNames\s+<\[\]string>/);
  }
});
