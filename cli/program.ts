/**
 * Command line -> command -> exit code. Builds the parser for the one command that runs, and is the one place where an error becomes
 * text on stderr. I/O through the context only.
 */
import { CommanderError, Option, Command as Parser } from 'commander';
import type { Command, CommandEntry, Flag, FlagValues } from './command.ts';
import { commandGroups } from './commands.ts';
import type { CliContext } from './context.ts';
import { errorText, exitCodeOf, exitCodes, usageError } from './errors.ts';
import { globalFlags } from './flags.ts';

/** Runs one command line (without the program's name) and returns its exit code. Never throws. */
export async function runProgram(
  argv: readonly string[],
  context: CliContext,
  entries: readonly CommandEntry[],
): Promise<number> {
  try {
    if (argv[0] === '__complete') return await complete(argv.slice(1), context, entries);
    return await dispatch(argv, context, entries);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    context.err(`${wantsJson(argv) ? (await import('./output/results.ts')).printError(error) : errorText(error)}\n`);
    return exitCodeOf(error);
  }
}

async function complete(
  words: readonly string[],
  context: CliContext,
  entries: readonly CommandEntry[],
): Promise<number> {
  const { completeLine } = await import('./completion/candidates.ts');
  context.out((await completeLine(words, context, entries)).map((candidate) => `${candidate}\n`).join(''));
  return exitCodes.ok;
}

/** Who asks for JSON gets errors as JSON, on stderr. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some(
    (word, i) =>
      /^(?:-o=?json|--output=json)$/.test(word) || (/^(?:-o|--output)$/.test(word) && argv[i + 1] === 'json'),
  );
}

async function dispatch(
  argv: readonly string[],
  context: CliContext,
  entries: readonly CommandEntry[],
): Promise<number> {
  const named = namedCommand(argv, entries);
  if (named !== undefined) return runCommand(named.entry, named.rest, {}, context);
  const program = createParser('calicoctl', globalFlags, context)
    .usage('[global flags] COMMAND [flags] [arguments]')
    .description('Manages Calico resources through the API server.')
    .enablePositionalOptions();
  let exitCode: number = exitCodes.usage;
  for (const entry of entries) {
    const words = entry.name.split(' ');
    groupParser(program, words.slice(0, -1))
      .command(words.at(-1)!)
      .summary(entry.summary)
      .description(entry.summary)
      .argument('[words...]')
      .helpOption(false)
      .allowUnknownOption()
      .passThroughOptions()
      .action(async (words: string[]) => {
        exitCode = await runCommand(entry, words, program.opts(), context);
      });
  }
  if (argv.length === 0) {
    context.err(program.helpInformation());
    return exitCodes.usage;
  }
  await program.parseAsync(argv, { from: 'user' });
  return exitCode;
}

/**
 * The command a line begins with, without a flag before it: nearly every line, and the only one whose parser is then made. Everything else
 * (global flags first, help, unknown words) takes the parser of all commands.
 */
function namedCommand(argv: readonly string[], entries: readonly CommandEntry[]) {
  for (const entry of entries) {
    const words = entry.name.split(' ');
    if (words.every((word, i) => argv[i] === word)) return { entry, rest: argv.slice(words.length) };
  }
  return undefined;
}

/** The parser of a group of commands such as `datastore migrate`, made when its first command is met. */
function groupParser(program: Parser, words: readonly string[]): Parser {
  let parser = program;
  words.forEach((word, i) => {
    const summary = commandGroups[words.slice(0, i + 1).join(' ')] ?? '';
    parser =
      parser.commands.find((known) => known.name() === word) ??
      parser
        .command(word)
        .usage('COMMAND [flags] [arguments]')
        .summary(summary)
        .description(`${summary}.`)
        .helpCommand(false)
        .enablePositionalOptions();
  });
  return parser;
}

/** Parses the words after the command's name and runs it. */
async function runCommand(
  entry: CommandEntry,
  words: readonly string[],
  globalValues: FlagValues,
  context: CliContext,
): Promise<number> {
  const command = await entry.load();
  const parser = commandParser(entry.name, command, context);
  parser.parse(words, { from: 'user' });
  const flags: FlagValues = { ...globalValues, ...parser.opts() };
  const { min, max } = command.positionals;
  if (parser.args.length < min || parser.args.length > max) {
    throw usageError(`usage: calicoctl ${entry.name} ${command.usage}\nSee 'calicoctl ${entry.name} --help'.`);
  }
  return command.run(context, parser.args, flags);
}

/** The parser of one command; also what `--help` and the reference page are printed from. */
export function commandParser(name: string, command: Command, context: Pick<CliContext, 'out' | 'err'>): Parser {
  const examples = command.examples.map((example) => `  ${example}`).join('\n');
  return createParser(`calicoctl ${name}`, flagsOf(command), context)
    .usage(command.usage)
    .description(command.description)
    .argument('[words...]')
    .addHelpText('after', `\nExamples:\n${examples}`);
}

/**
 * The command's own flags and the global ones. A command with a `-l` of its own (`--selector`) keeps that letter: before the command's
 * name `-l` is the log level, as upstream has it, after the name it selects.
 */
export function flagsOf(command: Command): readonly Flag[] {
  const isTaken = command.flags.some(({ flags }) => flags.startsWith('-l,'));
  const globals = isTaken ? globalFlags.map((f) => ({ ...f, flags: f.flags.replace(/^-l, /, '') })) : globalFlags;
  return [...command.flags, ...globals];
}

function createParser(name: string, flags: readonly Flag[], context: Pick<CliContext, 'out' | 'err'>): Parser {
  const parser = new Parser(name)
    .exitOverride()
    .helpCommand(false)
    .configureHelp({ visibleArguments: () => [], subcommandTerm: (command) => command.name(), helpWidth: 110 })
    .configureOutput({ writeOut: (text) => context.out(text), writeErr: (text) => context.err(text) })
    .showHelpAfterError(`See '${name} --help'.`);
  for (const flag of flags) parser.addOption(createOption(flag));
  return parser;
}

function createOption(flag: Flag): Option {
  const option = new Option(flag.flags, flag.description);
  if (flag.choices !== undefined) option.choices(flag.choices);
  if (flag.default !== undefined) option.default(flag.default);
  if (flag.isHidden === true) option.hideHelp();
  if (flag.isRepeatable === true) {
    option.argParser((value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value]);
  }
  return option;
}
