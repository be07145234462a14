/** What the logger writes goes to stdout, so it is looked at from another process. */
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';

const program = `
import { createLogger } from '${join(import.meta.dirname, '../../../appliance/lib/log.ts')}';
const root = createLogger('error');
const grandchild = root.child({ component: 'a' }).child({ kind: 'b' });
grandchild.info({}, 'not yet');
root.setLevel('info');
grandchild.info({ name: 'x' }, 'now');
root.setLevel('silent');
grandchild.error({}, 'no more');
`;

test('setLevel() holds for children made before', async (t) => {
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', program]);
  t.like(JSON.parse(stdout), { level: 'info', priority: 6, component: 'a', kind: 'b', name: 'x', message: 'now' });
});
