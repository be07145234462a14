/** Manifests are found wherever documentation shows them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { manifestsIn } from './manifests-in.ts';

const head = 'apiVersion: projectcalico.org/v3';

/** Two documents in a block, an indented block, a list, a command that feeds one, and what is none. */
const page = `
Some prose with ${head} in it.

\`\`\`yaml
${head}
kind: Tier
metadata: {name: a}
---
${head}
kind: Tier
metadata: {name: b}
\`\`\`

1. A step:

   \`\`\`yaml
   - ${head}
     kind: Node
     metadata: {name: c}
   - ${head}
     kind: Node
     metadata: {name: d}
   \`\`\`

\`\`\`bash
calicoctl apply -f - <<EOF
${head}
kind: Profile
metadata: {name: e}
EOF
\`\`\`

\`\`\`yaml
apiVersion: v1
kind: Pod
metadata: {name: no}
\`\`\`

\`\`\`yaml
${head}
kind: Tier
spec:
  ...
  order: 1
\`\`\`
`;

test('manifestsIn() finds documents in fences, lists, commands and lists of items, with their lines', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'manifests-in-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'page.mdx'), page);
  writeFileSync(
    join(directory, 'list.yaml'),
    `apiVersion: v1\nkind: List\nitems:\n- {${head}, kind: Tier, metadata: {name: f}}\n`,
  );
  const found = manifestsIn(directory, 'projectcalico.org/v3');
  const names = found.map(({ manifest }) => (manifest?.metadata as { name: string } | undefined)?.name);
  t.deepEqual(names, ['f', 'a', 'b', 'c', 'd', 'e', undefined]);
  t.deepEqual([found[1]!.file, found[1]!.line, found[5]!.line], ['page.mdx', 5, 27]);
  t.is(found.at(-1)!.manifest, undefined);
});
