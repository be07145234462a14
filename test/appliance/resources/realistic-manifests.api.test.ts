/** What operators write goes through the API into an empty store, in its order, and comes back as it was meant. */
import test from 'ava';
import { kindOf } from '#appliance/resources/registry.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { createTestApi } from '../api/test-api.ts';
import { realisticManifests } from './realistic-manifests.ts';

test('the API takes the realistic manifests as they are, one after the other', async (t) => {
  const api = await createTestApi();
  const refused: unknown[] = [];
  const writable = realisticManifests.filter(({ manifest }) => kindOf(manifest.kind)!.isReadOnly !== true);
  for (const { title, manifest } of writable) {
    const { kind, metadata, spec } = manifest as unknown as Resource;
    const path = `${metadata.namespace === undefined ? '' : `namespaces/${metadata.namespace}/`}${kindOf(kind)!.plural}`;
    // Built-in objects are there already: an operator applies over them.
    const isThere = (await api.call('GET', `${path}/${metadata.name}`)).statusCode === 200;
    const mergePatch = { 'content-type': 'application/merge-patch+json' };
    const answer = isThere
      ? await api.call('PATCH', `${path}/${metadata.name}`, { spec }, mergePatch)
      : await api.call('POST', path, manifest);
    if (answer.statusCode !== (isThere ? 200 : 201)) refused.push({ title, answer: answer.json() });
  }
  t.deepEqual(refused, []);
});
