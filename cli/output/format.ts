/** The value of `-o`, understood before anything is asked of a server. Pure. */
import { usageError } from '../errors.ts';

export type Format =
  | { readonly type: 'ps' }
  | { readonly type: 'wide' }
  | { readonly type: 'name' }
  | { readonly type: 'yaml' }
  | { readonly type: 'json' }
  | { readonly type: 'custom-columns'; readonly headings: readonly string[] }
  /** kubectl's columns: a heading and a JSONPath each. */
  | { readonly type: 'path-columns'; readonly columns: readonly PathColumn[] }
  /** `isFile`: `text` names the file that holds it. */
  | { readonly type: TemplateType; readonly text: string; readonly isFile: boolean };

export type TemplateType = 'go-template' | 'jsonpath' | 'path-columns-file';

export interface PathColumn {
  readonly heading: string;
  readonly path: string;
}

/** Reads `-o`. Throws CLI_USAGE for what is not a format. */
export function parseFormat(text: string | undefined): Format {
  switch (text) {
    case undefined:
    case '':
    case 'ps':
      return { type: 'ps' };
    case 'wide':
    case 'json':
    case 'yaml':
    case 'name':
      return { type: text };
    case 'yml':
      return { type: 'yaml' };
    default:
      return parseFormatWithValue(text);
  }
}

const templates: Readonly<Record<string, { readonly type: TemplateType; readonly isFile: boolean }>> = {
  'go-template': { type: 'go-template', isFile: false },
  'go-template-file': { type: 'go-template', isFile: true },
  jsonpath: { type: 'jsonpath', isFile: false },
  'jsonpath-file': { type: 'jsonpath', isFile: true },
  'custom-columns-file': { type: 'path-columns-file', isFile: true },
};

function parseFormatWithValue(text: string): Format {
  const [name = '', value] = splitOnce(text, '=');
  if (name === 'custom-columns') return parseColumns(value);
  const template = Object.hasOwn(templates, name) ? templates[name] : undefined;
  if (template === undefined) throw usageError(`unrecognized output format '${text}'`);
  if (value === undefined || value === '') {
    throw usageError(`output format '${name}' needs ${template.isFile ? 'a file' : 'a template'}: ${name}=...`);
  }
  return { ...template, text: value };
}

/** Upstream's headings, or `HEADING:.path` as kubectl takes them. */
function parseColumns(value: string | undefined): Format {
  if (value === undefined || value === '') throw usageError('need to specify at least one custom column');
  if (!value.includes(':')) {
    return { type: 'custom-columns', headings: value.split(',').map((heading) => heading.trim().toUpperCase()) };
  }
  const columns = splitColumns(value).map((part) => {
    const [heading = '', path] = splitOnce(part, ':');
    if (heading === '' || path === undefined || path === '') {
      throw usageError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`);
    }
    return { heading, path };
  });
  return { type: 'path-columns', columns };
}

/** At commas that do not stand within brackets or quotes of a path. */
function splitColumns(text: string): string[] {
  const parts: string[] = [''];
  let depth = 0;
  let quote = '';
  for (const character of text) {
    if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (character === '[' || character === '(') depth++;
    else if (character === ']' || character === ')') depth--;
    if (character === ',' && depth === 0 && quote === '') parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
