/** Reads the source tree for the house tests: every file of ours with its text and its imports. I/O. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = normalize(join(dirname(fileURLToPath(import.meta.url)), '../..'));

export interface SourceFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly { readonly specifier: string; readonly line: number }[];
}

/** The `.ts` files below these top-level folders, as far as they exist. */
export function readSources(folders: readonly string[]): SourceFile[] {
  return folders
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(folder))
    .flatMap(walk)
    .map(readSource);
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}

function readSource(absolute: string): SourceFile {
  const text = readFileSync(absolute, 'utf8');
  return { path: relative(root, absolute), text, imports: importsOf(text) };
}

function importsOf(text: string): SourceFile['imports'] {
  const pattern =
    /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g;
  return [...text.matchAll(pattern)].map((match) => ({
    specifier: (match[1] ?? match[2] ?? match[3])!,
    line: text.slice(0, match.index + match[0].length).split('\n').length,
  }));
}

/** The path an import of ours points to, relative to the root; undefined for packages and built-ins. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (specifier.startsWith('.')) return normalize(join(dirname(from), specifier));
  return undefined;
}
