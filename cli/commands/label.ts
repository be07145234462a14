/** `calicoctl label`: sets or removes labels of one resource, several at once and all or none. I/O. */
import { AppError } from '#appliance/lib/errors.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import type { Command, FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type CliErrorCode, cliError, exitCodes, usageError } from '../errors.ts';
import { connectionFlags, isSet, namespaceFlag } from '../flags.ts';
import { namedResources } from '../input/named.ts';
import { withClient } from '../session.ts';
import { retryConflicts } from '../update-resource.ts';
import { checkWritable } from '../write-checks.ts';

export const labelCommand: Command = {
  usage: 'KIND NAME (KEY=VALUE... [--overwrite] | KEY... --remove) [flags]',
  description: 'Sets or removes labels. With several, either all are changed or none.',
  flags: [
    { flags: '--overwrite', description: 'change the value of labels that are there already' },
    { flags: '--remove', description: 'remove the labels' },
    namespaceFlag,
    ...connectionFlags,
  ],
  examples: ['calicoctl label hep edge-1-eth0 role=edge zone=a', 'calicoctl label node edge-1 zone --remove'],
  positionals: { min: 3, max: Number.POSITIVE_INFINITY },
  run,
};

/** What to do with the labels of one resource; `message` is the sentence for each. */
type Change = (labels: Record<string, string>, what: string) => string;

async function run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number> {
  const [word = '', name = '', ...words] = positionals;
  const [target] = namedResources([word, name], flags);
  const isRemoval = isSet(flags, 'remove');
  if (isRemoval && isSet(flags, 'overwrite')) throw usageError('give either --overwrite or --remove, not both');
  const changes = words.map((label) => (isRemoval ? removal(label) : setting(label, isSet(flags, 'overwrite'))));
  if (target === undefined) throw usageError('label needs KIND and NAME');
  return withClient(context, flags, async (client) => {
    checkWritable('label', target);
    let messages: string[] = [];
    await retryConflicts(async () => {
      const live = await client.get(target.kind, target.name, target.namespace);
      const labels = { ...live.metadata.labels };
      messages = changes.map((change) => change(labels, `${word} ${name}`));
      await client.replace(target.kind, withLabels(live, labels)).catch((error: unknown) => {
        throw notChanged(error, `${word} ${name}`);
      });
    }, context.sleep);
    context.out(messages.map((message) => `${message}\n`).join(''));
    return exitCodes.ok;
  });
}

/** `KEY=VALUE`; a key that has another value is changed only with --overwrite. */
function setting(word: string, isOverwriting: boolean): Change {
  const at = word.indexOf('=');
  if (at < 1) throw usageError(`invalid label ${word}`);
  const [key, value] = [word.slice(0, at), word.slice(at + 1)];
  return (labels, what) => {
    const present = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (present !== undefined && present !== value && !isOverwriting) {
      throw cliError(
        'CLI_FAILED',
        `failed to update label of ${what}, key ${key} is already present. please use '--overwrite' to set a new value`,
      );
    }
    labels[key] = value;
    return present === undefined
      ? `Successfully set label ${key} on ${what}`
      : `Successfully updated label ${key} on ${what}`;
  };
}

function removal(key: string): Change {
  if (key.includes('=')) throw usageError(`invalid label ${key}: --remove takes keys without values`);
  return (labels, what) => {
    if (!Object.hasOwn(labels, key)) {
      throw cliError('CLI_FAILED', `cannot remove label of ${what}, key ${key} does not exist`);
    }
    delete labels[key];
    return `Successfully removed label ${key} from ${what}`;
  };
}

function withLabels(resource: Resource, labels: Record<string, string>): Resource {
  const { labels: _before, ...metadata } = resource.metadata;
  return { ...resource, metadata: Object.keys(labels).length === 0 ? metadata : { ...metadata, labels } };
}

/** Keeps the code, so that a conflict is still tried again. */
function notChanged(error: unknown, what: string): AppError {
  if (!(error instanceof AppError)) throw error;
  return cliError(error.code as CliErrorCode, `failed to update ${what}, label not changed: ${error.message}`);
}
