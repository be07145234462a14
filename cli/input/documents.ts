/**
 * Text -> documents: YAML or JSON by content, several documents separated by `---`, with the line each begins on. Pure.
 * Malformed text, repeated keys and integers that a double cannot hold are problems with file, line and column.
 */
import type { Document as YamlDocument } from 'yaml';
import { cliError } from '../errors.ts';
import { parsePlainJson } from './json-text.ts';

/** One document of a file. `where` is `file:line` of its first token. */
export interface Document {
  readonly value: unknown;
  readonly where: string;
}

const bytesMax = 10 * 1024 * 1024;

/** Splits text into its documents; empty ones are left out. Throws CLI_INPUT naming every mistake found. */
export async function parseDocuments(text: string, file: string): Promise<Document[]> {
  const body = text.startsWith('\ufeff') ? text.slice(1) : text;
  return parseJsonDocuments(body, file) ?? (await parseYamlDocuments(body, file));
}

/** The fast way, for text that is JSON from end to end. */
function parseJsonDocuments(text: string, file: string): Document[] | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  const documents: Document[] = [];
  let line = 1;
  for (const part of text.split(/^---[ \t]*$/m)) {
    if (part.trim() !== '') {
      const value = parsePlainJson(part);
      if (value === undefined) return undefined;
      checkSize(part, file);
      const blank = part.slice(0, part.search(/\S/));
      documents.push({ value, where: `${file}:${line + newlines(blank)}` });
    }
    line += newlines(part);
  }
  return documents;
}

async function parseYamlDocuments(text: string, file: string): Promise<Document[]> {
  const { LineCounter, parseAllDocuments, visit } = await import('yaml');
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false, intAsBigInt: true, merge: true });
  const mistakes: string[] = [];
  const note = (offset: number, message: string) => {
    const { line, col } = lineCounter.linePos(offset);
    mistakes.push(`${file}:${line}:${col}: ${message}`);
  };
  const documents: Document[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    for (const error of document.errors) note(error.pos[0], error.message);
    visit(document, {
      Scalar(_key, node) {
        if (typeof node.value === 'bigint')
          node.value = toNumber(node.value, () => note(node.range?.[0] ?? 0, tooLarge));
      },
    });
    if (mistakes.length > 0) continue;
    const value = toValue(document, (message) => note(document.range[0], message));
    if (value === null || value === undefined) continue;
    const start = document.contents?.range?.[0] ?? 0;
    checkSize(text.slice(start, document.range[1]), file);
    documents.push({ value, where: `${file}:${lineCounter.linePos(start).line}` });
  }
  if (mistakes.length > 0) throw cliError('CLI_INPUT', mistakes.join('\n'));
  return documents;
}

const tooLarge = 'integer is too large to be kept exactly (beyond 2^53)';

function toNumber(value: bigint, onUnsafe: () => void): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) onUnsafe();
  return number;
}

/** Resolving anchors can fail on its own: an unknown anchor, or aliases that multiply without end. */
function toValue(document: YamlDocument, onError: (message: string) => void): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    onError(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function checkSize(text: string, file: string): void {
  if (Buffer.byteLength(text) > bytesMax) throw cliError('CLI_INPUT', `${file}: a document is larger than 10 MB`);
}

function newlines(text: string): number {
  return text.split('\n').length - 1;
}
