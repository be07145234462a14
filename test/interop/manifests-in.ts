/**
 * The manifests a folder of documentation shows: fenced code in Markdown (also inside shell
 * commands that feed a manifest to a program), such commands in page components, and YAML files.
 * I/O: reads the folder. Documents, not fragments: a piece without `apiVersion` and `kind` is none of ours.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';

export interface ShownManifest {
  /** File within the folder, and the line its block starts at. */
  readonly file: string;
  readonly line: number;
  readonly text: string;
  /** What the parser makes of it; undefined when it is not YAML. */
  readonly manifest: Record<string, unknown> | undefined;
}

/** Every document with this `apiVersion` below `directory`, in the order of files and lines. */
export function manifestsIn(directory: string, apiVersion: string): ShownManifest[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(mdx?|js|ya?ml)$/.test(name),
  );
  return names.sort().flatMap((name) => shownIn(directory, join(directory, name), apiVersion));
}

function shownIn(directory: string, path: string, apiVersion: string): ShownManifest[] {
  const content = readFileSync(path, 'utf8');
  const blocks = blocksOf(path, content);
  const file = relative(directory, path);
  return blocks
    .filter(({ text }) => text.includes(apiVersion))
    .flatMap(({ line, text }) => documentsOf(text).map((one) => ({ file, line, ...one })))
    .filter(({ text, manifest }) =>
      manifest === undefined ? text.includes(apiVersion) : manifest.apiVersion === apiVersion,
    );
}

function blocksOf(path: string, content: string): Block[] {
  if (/\.mdx?$/.test(path)) return fencedBlocks(content);
  return /\.js$/.test(path) ? manifestBlocks({ line: 1, text: content }) : [{ line: 1, text: content }];
}

interface Block {
  readonly line: number;
  readonly text: string;
}

/** Code between fences, without the indentation of its opening fence; manifests inside shell commands by themselves. */
function fencedBlocks(content: string): Block[] {
  const blocks: Block[] = [];
  let open: { indent: string; fence: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of content.split('\n').entries()) {
    const fence = /^(\s*)(`{3,}|~{3,})/.exec(line);
    if (open === undefined) {
      if (fence !== null) open = { indent: fence[1]!, fence: fence[2]!, line: index + 2, lines: [] };
    } else if (fence !== null && fence[2]!.startsWith(open.fence) && line.trim() === fence[2]) {
      blocks.push(...manifestBlocks({ line: open.line, text: open.lines.join('\n') }));
      open = undefined;
    } else open.lines.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line.trimStart());
  }
  return blocks;
}

/** What a shell command is fed after `<<WORD`, or the block itself when it has no such thing. */
function manifestBlocks(block: Block): Block[] {
  const fed = [...block.text.matchAll(/<<-?\s*(['"]?)(\w+)\1[^\n]*\n([\s\S]*?)\n\s*\2\b/g)];
  if (fed.length === 0) return [block];
  return fed.map((match) => ({
    line: block.line + block.text.slice(0, match.index).split('\n').length,
    text: match[3]!,
  }));
}

type Piece = Pick<ShownManifest, 'text' | 'manifest'>;

function documentsOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const document of parseAllDocuments(text)) {
    const source = document.range === undefined ? text : text.slice(document.range[0], document.range[2]);
    const values = document.errors.length > 0 ? [undefined] : itemsOf(document.toJS());
    pieces.push(...values.map((manifest) => ({ text: source, manifest })));
  }
  return pieces;
}

/** A list shows its items: one of YAML, and an object with `items`. */
function itemsOf(value: unknown): Record<string, unknown>[] {
  if (Array.isArray(value)) return value.flatMap(itemsOf);
  if (!isObject(value)) return [];
  return Array.isArray(value.items) && value.metadata !== null && value.spec === undefined
    ? value.items.flatMap(itemsOf)
    : [value];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
