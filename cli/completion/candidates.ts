/**
 * What may stand next on a command line: commands, flags, kinds, names from the server, contexts. Asked for by the shells' scripts through the
 * hidden word `__complete`; says nothing rather than complain. I/O: short questions to the server.
 */
import type { Command, CommandEntry, Flag } from '../command.ts';
import { contextsOf, readConfigFiles } from '../config.ts';
import type { CliContext } from '../context.ts';
import { globalFlags } from '../flags.ts';
import { kindRefs } from '../kind-refs.ts';
import { flagsOf } from '../program.ts';

/** How long a person pressing TAB is willing to wait. */
const answerMsMax = 1_000;
const namesMax = 500;

/** A line of this means: complete paths of files. */
export const filesMark = ':files';

/** One candidate a line; `words` are those after the program's name, the last one being completed. */
export async function completeLine(
  words: readonly string[],
  context: CliContext,
  entries: readonly CommandEntry[],
): Promise<string[]> {
  const current = words.at(-1) ?? '';
  try {
    const found = await candidatesFor(words.slice(0, -1), current, context, entries);
    return found.filter((candidate) => candidate === filesMark || candidate.startsWith(current));
  } catch {
    return [];
  }
}

async function candidatesFor(
  before: readonly string[],
  current: string,
  context: CliContext,
  entries: readonly CommandEntry[],
): Promise<string[]> {
  const line = readLine(before, globalFlags);
  if (line.open !== undefined) return valuesOf(line.open, context, undefined);
  const entry = entries.find(({ name }) => isPrefix(name.split(' '), line.words));
  if (entry === undefined) {
    return current.startsWith('-') ? flagWords(globalFlags) : nextWords(line.words, entries);
  }
  const command = await entry.load();
  const own = readLine(before.slice(before.lastIndexOf(entry.name.split(' ').at(-1)!) + 1), flagsOf(command));
  if (own.open !== undefined) return valuesOf(own.open, context, command);
  if (current.startsWith('--') && current.includes('=')) return inlineValues(current, command, context);
  if (current.startsWith('-')) return flagWords(flagsOf(command));
  return positionalsOf(entry, command, own, current, context);
}

interface Line {
  /** Words that are neither flags nor their values. */
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string>>;
  /** The flag whose value comes next. */
  readonly open: Flag | undefined;
}

function readLine(words: readonly string[], flags: readonly Flag[]): Line {
  const plain: string[] = [];
  const values: Record<string, string> = {};
  let open: Flag | undefined;
  for (const word of words) {
    if (open !== undefined) {
      values[longName(open)] = word;
      open = undefined;
    } else if (word.startsWith('-') && word !== '-') {
      const flag = flags.find((known) => namesOf(known).includes(word.split('=')[0]!));
      if (flag !== undefined && takesValue(flag) && !word.includes('=')) open = flag;
      else if (flag !== undefined && word.includes('=')) values[longName(flag)] = word.slice(word.indexOf('=') + 1);
    } else plain.push(word);
  }
  return { words: plain, values, open };
}

function namesOf({ flags }: Flag): string[] {
  return flags.split(/[ ,]+/).filter((part) => part.startsWith('-'));
}

function longName(flag: Flag): string {
  return namesOf(flag).at(-1) ?? '';
}

function takesValue({ flags }: Flag): boolean {
  return flags.includes('<');
}

function isPrefix(name: readonly string[], words: readonly string[]): boolean {
  return name.every((word, i) => word === words[i]);
}

/** The next words of the commands that begin with `words`. */
function nextWords(words: readonly string[], entries: readonly CommandEntry[]): string[] {
  const names = entries.map(({ name }) => name.split(' ')).filter((name) => isPrefix(words, name));
  return [...new Set(names.flatMap((name) => name[words.length] ?? []))];
}

function flagWords(flags: readonly Flag[]): string[] {
  return [...flags.filter(({ isHidden }) => isHidden !== true).flatMap(namesOf), '--help'];
}

async function inlineValues(current: string, command: Command, context: CliContext): Promise<string[]> {
  const at = current.indexOf('=');
  const flag = flagsOf(command).find((known) => namesOf(known).includes(current.slice(0, at)));
  if (flag === undefined) return [];
  const values = await valuesOf(flag, context, command);
  return values.map((value) => (value === filesMark ? value : `${current.slice(0, at)}=${value}`));
}

async function valuesOf(flag: Flag, context: CliContext, command: Command | undefined): Promise<string[]> {
  if (flag.choices !== undefined) return [...flag.choices];
  const name = longName(flag);
  if (name === '--output') return formatsOf(command);
  if (name === '--context') return contextNames(context);
  if (/<(?:path|file|directory)>/.test(flag.flags)) return [filesMark];
  return [];
}

const documentFormats = ['yaml', 'json'];
const getFormats = [
  'ps',
  'wide',
  'name',
  ...documentFormats,
  'custom-columns=',
  'custom-columns-file=',
  'go-template=',
  'go-template-file=',
  'jsonpath=',
  'jsonpath-file=',
];

/** The words that the flag's description offers. */
function formatsOf(command: Command | undefined): string[] {
  const description = command?.flags.find((flag) => longName(flag) === '--output')?.description ?? '';
  return getFormats.filter((format) => description.includes(format));
}

async function contextNames(context: CliContext): Promise<string[]> {
  const files = await readConfigFiles(context.env, undefined);
  return files.flatMap(({ spec }) => contextsOf(spec).map(({ name }) => String(name)));
}

async function positionalsOf(
  entry: CommandEntry,
  command: Command,
  line: Line,
  current: string,
  context: CliContext,
): Promise<string[]> {
  if (/^config (?:use|set|delete)-context$/.test(entry.name))
    return line.words.length === 0 ? contextNames(context) : [];
  if (entry.name === 'completion') return line.words.length === 0 ? ['bash', 'zsh', 'fish'] : [];
  if (entry.name === 'auth can-i' && line.words.length === 0) {
    return ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
  }
  if (!command.usage.includes('KIND')) return command.usage.includes('-f PATH') ? [filesMark] : [];
  const kindAt = entry.name === 'auth can-i' ? 1 : 0;
  if (line.words.length > kindAt)
    return entry.name === 'explain' ? [] : namesOnServer(line.words[kindAt]!, line, context, '');
  if (current.includes('/')) {
    const [kind = ''] = current.split('/');
    return namesOnServer(kind, line, context, `${kind}/`);
  }
  if (current.includes(',')) {
    const head = current.slice(0, current.lastIndexOf(',') + 1);
    return kindWords().map((word) => `${head}${word}`);
  }
  return kindWords();
}

/** A kind has many words: its plural, and the short ones when they are what was begun. */
function kindWords(): string[] {
  return kindRefs.flatMap(({ plural, words }) => [plural, ...words.filter((word) => word.length <= 4)]);
}

/** Names of resources, or of nothing when the server does not answer at once. */
async function namesOnServer(word: string, line: Line, context: CliContext, prefix: string): Promise<string[]> {
  const kind = kindRefs.find(({ words }) => words.includes(word.toLowerCase()));
  if (kind === undefined) return [];
  const { openClient } = await import('../session.ts');
  const flags = { config: line.values['--config'], api: line.values['--api'], context: line.values['--context'] };
  const client = await openClient({ ...context, err() {} }, flags);
  const namespace = kind.isNamespaced ? (line.values['--namespace'] ?? 'default') : undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), answerMsMax);
  });
  try {
    const list = client.list(kind, { namespace, limit: namesMax });
    list.catch(() => undefined);
    const found = await Promise.race([list, late]);
    return (found?.items ?? []).map(({ metadata }) => `${prefix}${metadata.name}`);
  } finally {
    clearTimeout(timer);
    client.close();
  }
}
