import test from 'ava';
import { kindOf } from '#appliance/resources/registry.ts';
import { malformedManifests } from '../resources/malformed-manifests.ts';
import { createTestApi } from './test-api.ts';

test('every malformed manifest is refused with 4xx, names the bad path', async (t) => {
  const api = await createTestApi();
  let count = 0;
  for (const { title, manifest, path } of malformedManifests()) {
    if (/ as (NaN|-?Infinity|undefined)/i.test(title)) continue; // JSON has no such values
    const answer = await api.call('POST', collectionOf(manifest), manifest);
    // the URL says what these leave out
    if (answer.statusCode === 201 && ['kind', 'apiVersion', 'metadata.namespace'].includes(path)) continue;
    t.true(answer.statusCode >= 400 && answer.statusCode < 500, `${title}: ${answer.statusCode}`);
    t.is(answer.json().kind, 'Status');
    t.true(answer.body.includes(JSON.stringify(path).slice(1, -1)), `${title}: ${path}: ${answer.body}`);
    count++;
  }
  t.true(count > 50);
});

/** Where a client would send it. */
function collectionOf(manifest: unknown): string {
  const { kind: name, metadata } = (manifest ?? {}) as { kind?: unknown; metadata?: { namespace?: unknown } };
  const kind = typeof name === 'string' ? kindOf(name) : undefined;
  if (kind === undefined) return 'globalnetworksets';
  const namespace = typeof metadata?.namespace === 'string' && metadata.namespace !== '' ? metadata.namespace : 'x';
  return kind.isNamespaced ? `namespaces/${encodeURIComponent(namespace)}/${kind.plural}` : kind.plural;
}
