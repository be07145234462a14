/** docs/reference/calicoctl.md is what the commands say of themselves; `BLESS=1` rewrites it. */
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { commandGroups, commands } from '#cli/commands.ts';
import { cliErrors } from '#cli/errors.ts';
import { renderReference } from '#cli/reference-page.ts';
import { runCli } from './run-cli.ts';

const page = new URL('../../docs/reference/calicoctl.md', import.meta.url);

test('the reference page is true', async (t) => {
  const text = await renderReference(commands);
  if (process.env.BLESS === '1') writeFileSync(page, text);
  t.is(readFileSync(page, 'utf8'), text);
});

test('the help of the program names every command, and each command has help with examples', async (t) => {
  for (const { name, summary } of commands) {
    const words = name.split(' ');
    const group = await runCli([...words.slice(0, -1), '--help']);
    t.is(group.exitCode, 0);
    t.regex(group.stdout, new RegExp(`  ${words.at(-1)} .*${summary}`));
    const help = await runCli([...words, '--help']);
    t.is(help.exitCode, 0);
    t.regex(help.stdout, new RegExp(`^Usage: calicoctl ${name} `));
    t.regex(help.stdout, /Examples:\n {2}\S/);
  }
});

test('a group of commands without a command says which there are', async (t) => {
  for (const [name, summary] of Object.entries(commandGroups)) {
    const help = await runCli([...name.split(' '), '--help']);
    t.is(help.exitCode, 0, name);
    t.regex(help.stdout, new RegExp(`^Usage: calicoctl ${name} COMMAND .*\n\n${summary}\\.\n`));
    const bare = await runCli(name.split(' '));
    t.deepEqual([bare.exitCode, bare.stdout, bare.stderr], [2, '', help.stdout], name);
    t.is((await runCli([...name.split(' '), 'nonsense'])).exitCode, 2, name);
  }
});

test('every error code of the catalogue is thrown somewhere', (t) => {
  const files = [
    'api-errors',
    'check-versions',
    'commands/wait',
    'config',
    'errors',
    'namespace',
    'transport',
    'input/documents',
    'input/manifests',
    'write-checks',
  ];
  const source = files.map((file) => readFileSync(new URL(`../../cli/${file}.ts`, import.meta.url), 'utf8')).join('');
  for (const code of Object.keys(cliErrors.rows)) t.regex(source, new RegExp(`(?:cliError\\(\\s*|= )'${code}'`), code);
});
