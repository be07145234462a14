/** Manual pages are what the commands say today, nothing else lies beside them, and both mandoc and man take them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { commands } from '#cli/commands.ts';
import { renderManPages } from '#cli/man-page.ts';

const folder = join(import.meta.dirname, '../../docs/man');

test('every manual page is as committed; otherwise run npm run docs', async (t) => {
  const pages = await renderManPages(commands);
  t.deepEqual(readdirSync(folder).sort(), [...pages.keys()].sort());
  for (const [name, content] of pages) t.is(readFileSync(join(folder, name), 'utf8'), content, name);
});

test('mandoc finds nothing to complain of, and every page has its parts', async (t) => {
  const names = readdirSync(folder);
  const lint = await execa('mandoc', ['-T', 'lint', '-W', 'warning', ...names.map((name) => join(folder, name))], {
    reject: false,
  });
  t.is(lint.stdout, '');
  const { stdout } = await execa('mandoc', ['-T', 'ascii', join(folder, 'calicoctl-get.1')]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a backspace is how a terminal is told bold
  const text = stdout.replace(/.\x08/g, '');
  for (const heading of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'FLAGS', 'EXAMPLES', 'EXIT STATUS', 'SEE ALSO']) {
    t.regex(text, new RegExp(`^${heading}$`, 'm'));
  }
  t.regex(text, /-l, --selector <selector>/);
  t.regex(text, /jsonpath='\{range \.items\[\*\]\}\{\.metadata\.name\}\{"\\n"\}\{end\}'/);
});
