/**
 * `label` and `annotate`: set, change and remove entries of one map of metadata, on one resource, on those a selector chooses, or on all. All the
 * changes of a resource are made, or none. I/O through the client.
 */
import { AppError } from '#appliance/lib/errors.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { ApiClient } from './client.ts';
import type { Command, FlagValues } from './command.ts';
import type { CliContext } from './context.ts';
import { type CliErrorCode, cliError, errorText, exitCodeOfAll, exitCodes, usageError } from './errors.ts';
import {
  connectionFlags,
  dryRunFlag,
  dryRunOf,
  fieldSelectorFlag,
  isSet,
  listChoiceOf,
  namespaceFlag,
  selectorFlag,
  textFlag,
} from './flags.ts';
import { findKind, findOne } from './input/targets.ts';
import { listNamespace, namespaceChoice } from './namespace.ts';
import { dryRunNote } from './output/results.ts';
import type { Named } from './run-each.ts';
import { withClient } from './session.ts';
import { retryConflicts } from './update-resource.ts';
import { checkWritable } from './write-checks.ts';

type Member = 'labels' | 'annotations';

/** What to do with one entry; returns the sentence that says so. */
type Change = (entries: Record<string, string>, what: string) => string;

/** The command that changes `labels` or `annotations`; `word` is the one of them in sentences. */
export function metadataCommand(member: Member, word: string, examples: readonly string[]): Command {
  const place = `(KIND NAME | KIND -l SELECTOR | KIND --all)`;
  return {
    usage: `${place} (KEY=VALUE... [--overwrite] | KEY... --remove | KEY-... | --list) [flags]`,
    description: `Sets or removes ${member}. With several, either all of a resource are changed or none. KEY- removes, as kubectl has it.`,
    flags: [
      { flags: '--overwrite', description: `change the value of ${member} that are there already` },
      { flags: '--remove', description: `remove the ${member}` },
      { flags: '--list', description: `show the ${member}` },
      selectorFlag,
      fieldSelectorFlag,
      { flags: '--all', description: 'all resources of the kind (in the namespace)' },
      { flags: '-A, --all-namespaces', description: 'with --all or a selector: in all namespaces' },
      dryRunFlag,
      namespaceFlag,
      ...connectionFlags,
    ],
    examples,
    positionals: { min: 1, max: Number.POSITIVE_INFINITY },
    run: (context, positionals, flags) => run(member, word, context, positionals, flags),
  };
}

async function run(
  member: Member,
  word: string,
  context: CliContext,
  positionals: readonly string[],
  flags: FlagValues,
): Promise<number> {
  const { find, what, rest } = await targetsOf(context, positionals, flags);
  const changes = rest.map((text) => changeOf(word, text, flags));
  const isListing = isSet(flags, 'list');
  if (isListing === changes.length > 0) throw usageError(`${word} needs either ${member} to change or --list`);
  return withClient(context, flags, async (client) => {
    const targets = await find(client);
    if (targets.length === 0) context.err('No resources found\n');
    const errors: unknown[] = [];
    for (const target of targets) {
      const name = what ?? `${target.kind.kind} ${target.name}`;
      try {
        if (isListing)
          context.out(listed(await client.get(target.kind, target.name, target.namespace), member, targets.length > 1));
        else context.out(await changeOne(context, client, target, { member, word, name, changes, flags }));
      } catch (error) {
        if (targets.length === 1) throw error;
        errors.push(error);
        context.err(`${errorText(error)}\n`);
      }
    }
    return errors.length === 0 ? exitCodes.ok : exitCodeOfAll(errors, targets.length - errors.length);
  });
}

/** How to find the resources; `what` is the one resource as the person named it. */
async function targetsOf(context: CliContext, positionals: readonly string[], flags: FlagValues) {
  const choice = listChoiceOf(flags);
  const isMany = isSet(flags, 'all') || choice.labelSelector !== undefined || choice.fieldSelector !== undefined;
  if (!isMany) {
    if (textFlag(flags, 'namespace') === undefined && isSet(flags, 'allNamespaces')) {
      throw usageError('--all-namespaces goes with --all or a selector');
    }
    const { target, rest } = await findOne(context, flags, positionals);
    const count = positionals.length - rest.length;
    return { find: async () => [target], what: positionals.slice(0, count).join(' ').replace('/', ' '), rest };
  }
  const [word = '', ...rest] = positionals;
  const kind = await findKind(context, flags, word);
  const namespace = listNamespace(kind, namespaceChoice(flags));
  const find = async (client: ApiClient): Promise<Named[]> => {
    const { items } = await client.list(kind, { namespace, ...choice });
    return items.map(({ metadata }) => ({
      kind,
      name: metadata.name,
      namespace: metadata.namespace,
      resourceVersion: undefined,
    }));
  };
  return { find, what: undefined, rest };
}

function changeOf(word: string, text: string, flags: FlagValues): Change {
  const isRemoval = isSet(flags, 'remove');
  if (isRemoval && isSet(flags, 'overwrite')) throw usageError('give either --overwrite or --remove, not both');
  if (isRemoval) {
    if (text.includes('=')) throw usageError(`invalid ${word} ${text}: --remove takes keys without values`);
    return removal(word, text);
  }
  if (!text.includes('=') && text.length > 1 && text.endsWith('-')) return removal(word, text.slice(0, -1));
  return setting(word, text, isSet(flags, 'overwrite'));
}

/** `KEY=VALUE`; a key that has another value is changed only with --overwrite. */
function setting(word: string, text: string, isOverwriting: boolean): Change {
  const at = text.indexOf('=');
  if (at < 1) throw usageError(`invalid ${word} ${text}`);
  const [key, value] = [text.slice(0, at), text.slice(at + 1)];
  return (entries, what) => {
    const present = Object.hasOwn(entries, key) ? entries[key] : undefined;
    if (present !== undefined && present !== value && !isOverwriting) {
      throw cliError(
        'CLI_FAILED',
        `failed to update ${word} of ${what}, key ${key} is already present. please use '--overwrite' to set a new value`,
      );
    }
    entries[key] = value;
    return `Successfully ${present === undefined ? 'set' : 'updated'} ${word} ${key} on ${what}`;
  };
}

function removal(word: string, key: string): Change {
  return (entries, what) => {
    if (!Object.hasOwn(entries, key)) {
      throw cliError('CLI_FAILED', `cannot remove ${word} of ${what}, key ${key} does not exist`);
    }
    delete entries[key];
    return `Successfully removed ${word} ${key} from ${what}`;
  };
}

interface Work {
  readonly member: Member;
  readonly word: string;
  readonly name: string;
  readonly changes: readonly Change[];
  readonly flags: FlagValues;
}

/** Writes over the version that was read, again when somebody was faster; returns the sentences. */
async function changeOne(context: CliContext, client: ApiClient, target: Named, work: Work): Promise<string> {
  const { member, word, name, changes, flags } = work;
  const { isDryRun, isClientOnly } = dryRunOf(flags);
  checkWritable(word === 'label' ? 'label' : 'annotate', target);
  let messages: string[] = [];
  await retryConflicts(async () => {
    const live = await client.get(target.kind, target.name, target.namespace);
    const entries = { ...live.metadata[member] };
    messages = changes.map((change) => change(entries, name));
    if (isClientOnly) return;
    await client.replace(target.kind, withEntries(live, member, entries), { isDryRun }).catch((error: unknown) => {
      throw notChanged(error, name, word);
    });
  }, context.sleep);
  return messages.map((message) => `${message}${dryRunNote(flags)}\n`).join('');
}

function withEntries(resource: Resource, member: Member, entries: Record<string, string>): Resource {
  const { [member]: _before, ...metadata } = resource.metadata;
  return {
    ...resource,
    metadata: (Object.keys(entries).length === 0
      ? metadata
      : { ...metadata, [member]: entries }) as Resource['metadata'],
  };
}

/** Keeps the code, so that a conflict is still tried again. */
function notChanged(error: unknown, what: string, word: string): AppError {
  if (!(error instanceof AppError)) throw error;
  return cliError(error.code as CliErrorCode, `failed to update ${what}, ${word} not changed: ${error.message}`);
}

function listed({ kind, metadata }: Resource, member: Member, hasHeading: boolean): string {
  const entries = metadata[member] ?? {};
  const lines = Object.keys(entries)
    .sort()
    .map((key) => `${key}=${entries[key]}\n`);
  return `${hasHeading ? `Listing ${member} for ${kind} ${metadata.name}:\n` : ''}${lines.join('')}`;
}
