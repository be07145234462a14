/** Several people who apply files over the same objects at once: nobody sees a conflict, and every object ends as one of them wrote it, whole. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { ClientServer } from './clients/server.ts';

const calicoctl = join(import.meta.dirname, '../../bin/calicoctl');
const appliers = ['a', 'b', 'c'];
const objects = 40;
const rounds = 3;

test('applies of the same objects at once all succeed, and no object is a mixture', async (t) => {
  t.timeout(120_000);
  await using server = await ClientServer.start();
  const directory = mkdtempSync(join(tmpdir(), 'calico-appliers-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const env = { CALICO_API_ENDPOINT: `unix:${server.socket}`, CALICO_CONFIG_DIR: directory };
  const run = async (applier: string, round: number) => {
    const file = join(directory, `${applier}.yaml`);
    writeFileSync(file, manifests(applier, round));
    return execa(calicoctl, ['apply', '-f', file], { env, reject: false });
  };
  for (let round = 0; round < rounds; round++) {
    const ends = await Promise.all(appliers.map((applier) => run(applier, round)));
    for (const { exitCode, stderr } of ends) t.is(exitCode, 0, stderr);
    const { items } = (await server.call('GET', '/globalnetworksets')).body;
    t.is(items.length, objects);
    for (const { metadata, spec } of items) {
      t.is(metadata.labels.round, String(round));
      t.deepEqual(spec.nets, [netOf(metadata.labels.applier, round)], metadata.name);
    }
  }
});

function netOf(applier: string, round: number): string {
  return `192.0.2.${10 * appliers.indexOf(applier) + round}/32`;
}

function manifests(applier: string, round: number): string {
  const labels = { applier, round: String(round) };
  const items = Array.from({ length: objects }, (_, i) => ({
    apiVersion: 'projectcalico.org/v3',
    kind: 'GlobalNetworkSet',
    metadata: { name: `set-${i}`, labels },
    spec: { nets: [netOf(applier, round)] },
  }));
  return items.map((item) => JSON.stringify(item)).join('\n---\n');
}
