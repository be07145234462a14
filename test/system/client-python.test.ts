/** The Python client (`kubernetes` from PyPI), over TLS with a certificate and over plain http: lists, pages, patches, watches, and 410. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { loopbackKubeconfig, tlsKubeconfig } from './clients/kubeconfig.ts';
import { ClientServer } from './clients/server.ts';

const root = join(import.meta.dirname, '../..');
/** More changes than the server is told to keep. */
const churns = 250;

test('the Python client lists, pages, patches and watches, and is told when a version is gone', async (t) => {
  t.timeout(240_000);
  const python = execFileSync('sh', [join(root, 'tools/python.sh'), 'kubernetes'], { encoding: 'utf8' }).trim();
  await using server = await ClientServer.start({ CALICO_HISTORY_REVISIONS: '100', CALICO_HISTORY_AGE: '1s' });
  const directory = mkdtempSync(join(tmpdir(), 'calico-python-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  for (const [name, text] of Object.entries({ tls: tlsKubeconfig(server), loopback: loopbackKubeconfig(server) })) {
    const file = join(directory, name);
    writeFileSync(file, text);
    const session = [join(root, 'test/python/session.py'), file, String(churns)];
    const found = JSON.parse((await execa(python, session, { timeout: 100_000 })).stdout);
    t.true(found.group.includes('projectcalico.org/v3'), name);
    delete found.group;
    t.deepEqual(found, expected, name);
  }
});

const expected = {
  pages: { names: ['a', 'b', 'c', 'd', 'e'], pages: 3 },
  selected: ['a', 'c', 'e'],
  patches: { labels: { merged: 'yes', odd: 'yes' }, nets: ['192.0.2.0/24', '198.51.100.1/32'] },
  conflict: { refused: { status: 409, reason: 'Conflict' }, nets: ['203.0.113.0/24'] },
  resumed: ['0', '1', '2', '3', '4', '5'],
  selectedEvents: ['ADDED', 'MODIFIED', 'DELETED'],
  informer: true,
  gone: [410, 410],
  left: [],
};
