/** The value of `-o`, understood before anything is asked of a server. Pure. */
import { usageError } from '../errors.ts';

export type Format =
  | { readonly type: 'ps' }
  | { readonly type: 'wide' }
  | { readonly type: 'yaml' }
  | { readonly type: 'json' }
  | { readonly type: 'custom-columns'; readonly headings: readonly string[] };

/** Reads `-o`. Throws CLI_USAGE for what is not a format, and for Go templates. */
export function parseFormat(text: string | undefined): Format {
  switch (text) {
    case undefined:
    case '':
    case 'ps':
      return { type: 'ps' };
    case 'wide':
    case 'json':
    case 'yaml':
      return { type: text };
    case 'yml':
      return { type: 'yaml' };
    default:
      return parseFormatWithValue(text);
  }
}

function parseFormatWithValue(text: string): Format {
  const [name = '', value] = splitOnce(text, '=');
  if (name === 'custom-columns') {
    if (value === undefined || value === '') throw usageError('need to specify at least one custom column');
    return { type: 'custom-columns', headings: value.split(',').map((heading) => heading.trim().toUpperCase()) };
  }
  if (name === 'go-template' || name === 'go-template-file') {
    throw usageError(`output format '${name}' is not supported here: use json or yaml, or custom-columns=A,B`);
  }
  throw usageError(`unrecognized output format '${text}'`);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
