/**
 * The shape of a command: what its help says, which flags it takes and what it does. Pure types.
 * A command is one file under `commands/` and one line in `commands.ts`.
 */
import type { CliContext } from './context.ts';

/** One flag, in commander's notation: `-f, --filename <path>`, `--skip-empty`. */
export interface Flag {
  readonly flags: string;
  readonly description: string;
  /** May be given several times; the value is then a list. */
  readonly isRepeatable?: boolean;
  /** Works, but is left out of the help. */
  readonly isHidden?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string;
}

/** Flag values by their long name in camel case. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Command {
  /** The line after `calicoctl NAME`, as the help shows it. */
  readonly usage: string;
  readonly description: string;
  readonly flags: readonly Flag[];
  readonly examples: readonly string[];
  /** Least and most positional arguments. */
  readonly positionals: { readonly min: number; readonly max: number };
  /** Does the work and returns the exit code; throws an error of the catalogue when there is nothing to count. */
  run(context: CliContext, positionals: readonly string[], flags: FlagValues): Promise<number>;
}

/** One line of the list of commands: everything the help needs without loading the command. */
export interface CommandEntry {
  /** Several words for a command in a group: `datastore backup`. */
  readonly name: string;
  readonly summary: string;
  load(): Promise<Command>;
}
