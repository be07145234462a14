/**
 * Paths given with `-f` -> the texts to parse: a file, a directory (sorted; `.yaml`, `.yml`, `.json`), a URL, or stdin for `-`. I/O.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { CliContext } from '../context.ts';
import { cliError, errorText, usageError } from '../errors.ts';

/** One text and the name it goes by in messages. */
export interface InputText {
  readonly name: string;
  readonly text: string;
}

/** Everything one `-f` names. */
export interface Input {
  readonly path: string;
  readonly isDirectory: boolean;
  readonly texts: readonly InputText[];
}

/** Reads what `-f PATH` names. Throws CLI_INPUT when it cannot be read. */
export async function readInput(context: CliContext, path: string, isRecursive: boolean): Promise<Input> {
  if (path === '') throw usageError('--filename may not be empty');
  if (path === '-') return { path, isDirectory: false, texts: [{ name: '<stdin>', text: await context.readStdin() }] };
  if (/^https?:\/\//.test(path)) {
    const { fetchText } = await import('./fetch-text.ts');
    return { path, isDirectory: false, texts: [{ name: path, text: await fetchText(path) }] };
  }
  try {
    const isDirectory = statSync(path).isDirectory();
    const files = isDirectory ? manifestsIn(path, isRecursive) : [path];
    return { path, isDirectory, texts: files.map((name) => ({ name, text: readFileSync(name, 'utf8') })) };
  } catch (error) {
    throw cliError('CLI_INPUT', `failed to execute command: ${errorText(error)}`);
  }
}

/** Manifest files under a directory, in order of their names, directories where their own name sorts. */
function manifestsIn(directory: string, isRecursive: boolean): string[] {
  const entries = readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = `${directory.replace(/\/$/, '')}/${entry.name}`;
    const isDirectory = entry.isSymbolicLink() ? statSync(path).isDirectory() : entry.isDirectory();
    if (isDirectory) return isRecursive ? manifestsIn(path, isRecursive) : [];
    return /\.(?:ya?ml|json)$/.test(entry.name) ? [path] : [];
  });
}
