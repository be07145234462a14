/** The real kubectl reads IPAM's blocks and handles. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { execa } from 'execa';
import { createTestApi } from '../appliance/api/test-api.ts';
import { readEntries } from '../interop/golden.ts';
import { oneKubectl } from './kubectl/programs.ts';

test('kubectl get prints blocks and handles as tables, and one as YAML', async (t) => {
  const api = await createTestApi();
  for (const { key, value } of readEntries('ipam.txt')) await api.store.put(Buffer.from(key), Buffer.from(value));
  const server = createServer(api.app.routing).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kubectl = async (...words: string[]) => {
    const env = { HOME: '/nonexistent', KUBECONFIG: '/dev/null' };
    return execa(oneKubectl(), ['--server', `http://127.0.0.1:${port}`, '--cache-dir', '/nonexistent', ...words], {
      env,
    });
  };
  try {
    const blocks = (await kubectl('get', 'ipamblocks')).stdout;
    t.regex(blocks, /^NAME +CIDR +AFFINITY +IN USE +FREE +HANDLES\n/);
    t.regex(blocks, /^10-77-0-240-28 +10\.77\.0\.240\/28 +host:node-1 +16 +0 +2$/m);
    t.regex((await kubectl('get', 'ipamhandles')).stdout, /^net0\.second +net0\.second +27 +/m);
    const one = (await kubectl('get', 'ipamblock', '10-77-0-80-28', '-o', 'yaml')).stdout;
    t.regex(one, /affinity: host:node-2/);
    t.regex(one, /sequenceNumber: 1795386108912132907/);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
