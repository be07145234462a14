/** Outcomes of a write beyond upstream's sentences: a line each (-v), or the resources as they are now (-o). Output through the context. */
import type { Resource } from '#appliance/resources/resource.ts';
import type { FlagValues } from '../command.ts';
import type { CliContext } from '../context.ts';
import { errorText, exitCodeOf, exitCodeOfAll, usageError } from '../errors.ts';
import { isSet, textFlag } from '../flags.ts';
import { resourceName } from '../get/printer.ts';
import type { Named, Outcome } from '../run-each.ts';
import { printDocument } from './document.ts';
import { reportDeletion, reportOutcomes, type Verb } from './report.ts';

/** What was done to each resource: `created`, `configured`, ... */
export type Results = Map<Named, { readonly action: string; readonly resource?: Resource | undefined }>;

const formats = ['yaml', 'json', 'name'] as const;

/** The format of -o; undefined for sentences. Throws CLI_USAGE for any other. */
export function resultFormat(flags: FlagValues): (typeof formats)[number] | undefined {
  const text = textFlag(flags, 'output');
  if (text === undefined) return undefined;
  const format = formats.find((known) => known === (text === 'yml' ? 'yaml' : text));
  if (format === undefined) throw usageError(`unrecognized output format '${text}'`);
  return format;
}

/** Tells how a command over several resources went, and returns its exit code. */
export async function reportResults(
  context: CliContext,
  flags: FlagValues,
  verb: Verb,
  outcomes: readonly Outcome[],
  results: Results,
): Promise<number> {
  const format = resultFormat(flags);
  if (format !== undefined) return reportDocument(context, format, outcomes, results);
  if (isSet(flags, 'verbose'))
    context.out(outcomes.map((outcome) => line(outcome, results, dryRunNote(flags))).join(''));
  const isDryRun = dryRunNote(flags) !== '';
  if (isDryRun && !isSet(flags, 'verbose'))
    context.out(outcomes.map((o) => line(o, results, dryRunNote(flags))).join(''));
  if (isDryRun && outcomes.every(({ error }) => error === undefined)) return 0;
  return verb.base === 'delete' ? reportDeletion(context, outcomes) : reportOutcomes(context, verb, outcomes);
}

/** What stands behind each line of a run that wrote nothing. */
export function dryRunNote(flags: FlagValues): string {
  const mode = textFlag(flags, 'dryRun') ?? 'none';
  if (mode === 'none') return '';
  return mode === 'server' ? ' (server dry run)' : ' (dry run)';
}

/** Failures stand on stderr, with the sentence that names them all. */
function line({ item, error }: Outcome, results: Results, note: string): string {
  if (error !== undefined) return '';
  return `${resourceName(item.kind, item.name)} ${results.get(item)?.action ?? 'unchanged'}${note}\n`;
}

async function reportDocument(
  context: CliContext,
  format: (typeof formats)[number],
  outcomes: readonly Outcome[],
  results: Results,
): Promise<number> {
  const worked = outcomes.filter(({ error }) => error === undefined).map(({ item }) => item);
  const resources = worked.flatMap((item) => results.get(item)?.resource ?? []);
  if (format === 'name') context.out(worked.map((item) => `${resourceName(item.kind, item.name)}\n`).join(''));
  else if (resources.length > 0) {
    await printDocument(context, format, resources.length === 1 ? resources[0] : resources);
  }
  const failed = outcomes.filter(({ error }) => error !== undefined);
  for (const { item, error } of failed) {
    const name = resourceName(item.kind, item.name);
    context.err(format === 'json' ? `${printError(error, name)}\n` : `${name}: ${errorText(error)}\n`);
  }
  return exitCodeOfAll(
    failed.map(({ error }) => error),
    worked.length,
  );
}

/** An error as one line of JSON: what a program can tell apart. */
export function printError(error: unknown, resource?: string): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'CLI_FAILED';
  return JSON.stringify({ error: { code, message: errorText(error), exitCode: exitCodeOf(error), resource } });
}
