/** Outcomes of a command over several resources -> calicoctl's sentences and the exit code. Output through the context. */
import type { CliContext } from '../context.ts';
import { errorText, exitCodeOfAll, exitCodes } from '../errors.ts';
import type { Outcome } from '../run-each.ts';

/** The verb as it stands in sentences: `create`, `created`. */
export interface Verb {
  readonly base: string;
  readonly past: string;
}

/** Prints how a create, apply, replace or validate went. */
export function reportOutcomes(context: CliContext, verb: Verb, outcomes: readonly Outcome[]): number {
  const errors = errorsOf(outcomes);
  const worked = outcomes.length - errors.length;
  const quoted = quotedKind(outcomes);
  if (outcomes.length === 0) {
    context.out('No resources specified\n');
    return exitCodes.ok;
  }
  if (errors.length === 0) {
    context.out(`Successfully ${verb.past} ${worked} ${quoted}resource(s)\n`);
  } else if (worked > 0) {
    context.out(`Partial success: ${verb.past} the first ${worked} out of ${outcomes.length} ${quoted}resources:\n`);
    context.err(`hit error: ${printErrors(errors)}\n`);
  } else if (outcomes.length === 1) {
    context.err(`failed to ${verb.base} ${quoted}resource: ${printErrors(errors)}\n`);
  } else {
    context.err(`failed to ${verb.base} any ${quoted}resources: ${printErrors(errors)}\n`);
  }
  return exitCodeOfAll(errors, worked);
}

/** Prints how a delete went: what worked in one sentence, each failure on its own line. */
export function reportDeletion(context: CliContext, outcomes: readonly Outcome[]): number {
  const errors = errorsOf(outcomes);
  const worked = outcomes.length - errors.length;
  if (outcomes.length === 0) context.out('No resources specified\n');
  if (worked > 0) context.out(`Successfully deleted ${worked} ${quotedKind(outcomes)}resource(s)\n`);
  for (const { item, error } of outcomes) {
    if (error !== undefined) context.err(`Failed to delete '${item.kind.kind}' resource: ${errorText(error)}\n`);
  }
  return exitCodeOfAll(errors, worked);
}

/** `'Kind' ` when all are of one kind, else nothing. */
function quotedKind(outcomes: readonly Outcome[]): string {
  const kinds = new Set(outcomes.map((outcome) => outcome.item.kind.kind));
  return kinds.size === 1 ? `'${[...kinds][0]}' ` : '';
}

function errorsOf(outcomes: readonly Outcome[]): unknown[] {
  return outcomes.flatMap((outcome) => (outcome.error === undefined ? [] : [outcome.error]));
}

/** As Go prints a list: in brackets, separated by blanks. */
function printErrors(errors: readonly unknown[]): string {
  return `[${errors.map(errorText).join(' ')}]`;
}
