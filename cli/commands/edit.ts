/** `calicoctl edit`: a resource in the person's editor, written back over the version that was read; opened again until the server takes it. I/O. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRecord } from '#appliance/lib/is-record.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { identityOf } from '../api-errors.ts';
import type { ApiClient } from '../client.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { cliError, errorText, exitCodeOfAll, usageError } from '../errors.ts';
import { connectionFlags, dryRunFlag, dryRunOf, namespaceFlag } from '../flags.ts';
import { parseDocuments } from '../input/documents.ts';
import { findNamed } from '../input/targets.ts';
import { dryRunNote } from '../output/results.ts';
import { printYaml } from '../output/yaml.ts';
import type { Named } from '../run-each.ts';
import { withClient } from '../session.ts';
import { checkWritable } from '../write-checks.ts';

export const editCommand: Command = {
  usage: '(KIND NAME... | KIND/NAME...) [flags]',
  description: `Opens each resource in an editor (CALICO_EDITOR, VISUAL, EDITOR, else vi) and writes it back. What the server refuses is opened
again with the reason on top; a file saved as it was ends the edit, and changes that were not taken are kept in a file that is named.`,
  flags: [dryRunFlag, namespaceFlag, ...connectionFlags],
  examples: ['calicoctl edit gnp allow-web', 'EDITOR=nano calicoctl edit networkset/offices -n shop'],
  positionals: { min: 1, max: Number.POSITIVE_INFINITY },
  run,
};

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  const targets = await findNamed(context, flags, positionals);
  if (targets.length === 0) throw usageError('edit needs the names of the resources: edit KIND NAME...');
  return withClient(context, flags, async (client) => {
    const errors: unknown[] = [];
    for (const target of targets) {
      try {
        await editOne(context, client, flags, target);
      } catch (error) {
        errors.push(error);
        context.err(`${errorText(error)}\n`);
      }
    }
    return exitCodeOfAll(errors, targets.length - errors.length);
  });
}

async function editOne(context: CliContext, client: ApiClient, flags: FlagValues, target: Named): Promise<void> {
  checkWritable('edit', target);
  const { kind, name, namespace } = target;
  const what = identityOf({ kind: kind.kind, name, namespace });
  const original = printYaml(await client.get(kind, name, namespace));
  const directory = mkdtempSync(join(context.env.TMPDIR ?? tmpdir(), 'calicoctl-edit-'));
  const path = join(directory, `${kind.kind.toLowerCase()}.yaml`);
  let text = original;
  let reason: string | undefined;
  let isKept = false;
  try {
    while (true) {
      const edited = openEditor(context, path, text, reason);
      if (edited === original && reason === undefined) {
        context.out(`Edit cancelled, no changes made to ${what}\n`);
        return;
      }
      if (edited.trim() === '' || edited === text) {
        isKept = edited.trim() !== '';
        const kept = isKept ? `; your changes are kept in ${path}` : '';
        throw cliError('CLI_FAILED', `${what} was not changed${reason === undefined ? '' : `: ${reason}`}${kept}`);
      }
      text = edited;
      reason = await tryWrite(client, flags, target, edited);
      if (reason === undefined) break;
    }
    context.out(`Successfully edited ${what}${dryRunNote(flags)}\n`);
  } finally {
    if (!isKept) rmSync(directory, { recursive: true, force: true });
  }
}

const notes = '# Lines that begin with # are left out. Save an empty file, or leave it as it is, to stop.\n';

/** The text as the person saved it, without our notes. */
function openEditor(context: CliContext, path: string, text: string, reason: string | undefined): string {
  const why =
    reason === undefined
      ? ''
      : reason
          .split('\n')
          .map((line) => `# ${line}\n`)
          .join('');
  writeFileSync(path, `${notes}${why}${text}`, { mode: 0o600 });
  const editor = context.env.CALICO_EDITOR ?? context.env.VISUAL ?? context.env.EDITOR ?? 'vi';
  const { status, error } = spawnSync('/bin/sh', ['-c', `${editor} "$1"`, 'edit', path], {
    stdio: 'inherit',
    env: { ...process.env, ...context.env },
  });
  if (error !== undefined || status !== 0) {
    throw cliError('CLI_FAILED', `the editor '${editor}' ended with ${error?.message ?? `code ${status}`}`);
  }
  return readFileSync(path, 'utf8').replace(/^#.*\n/gm, '');
}

/** Why it was not written; undefined when it was. */
async function tryWrite(
  client: ApiClient,
  flags: FlagValues,
  { kind, name, namespace }: Named,
  text: string,
): Promise<string | undefined> {
  try {
    const [document, ...more] = await parseDocuments(text, 'edit');
    if (!isRecord(document?.value) || more.length > 0) return 'the file must hold one resource';
    const wanted = document.value as unknown as Resource;
    if (wanted.kind !== kind.kind || wanted.metadata?.name !== name || wanted.metadata.namespace !== namespace) {
      return 'kind, name and namespace cannot be edited';
    }
    const { isDryRun, isClientOnly } = dryRunOf(flags);
    if (!isClientOnly) await client.replace(kind, wanted, { isDryRun });
    return undefined;
  } catch (error) {
    return errorText(error);
  }
}
