import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { openStore } from '#appliance/datastore/registry.ts';
import { silentLogger as log } from '#appliance/lib/log.ts';

test('`openStore()` opens the backend that the address names', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'calico-test-registry-'));
  for (const [address, durable] of [
    ['memory:', false],
    [`level:${directory}/store`, true],
    ['http://127.0.0.1:1,http://127.0.0.1:2', true],
    [`unix:${directory}/none.sock`, true],
  ] as const) {
    const store = await openStore({ address, log });
    t.is(store.supports.durable, durable, address);
    await store.close();
  }
  await rm(directory, { recursive: true });
});

test('`openStore()` refuses an address of a kind nobody knows', async (t) => {
  for (const address of ['', '/var/lib', 'ftp://host', 'constructor:']) {
    await t.throwsAsync(openStore({ address, log }), { code: 'STORE_UNAVAILABLE' });
  }
});
