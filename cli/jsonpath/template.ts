/** A whole JSONPath template: text, paths, and `{range}...{end}`. Pure. */
import { Float, keysOf, printValue } from '../go-template/values.ts';
import { findAll } from './evaluate.ts';
import { type Path, parseJsonPath } from './parse.ts';

type Part = Path | { readonly over: Path; readonly body: readonly Part[] };

/** Parses a template; the result makes text of data. Both throw an Error. */
export function compileJsonPath(template: string): (data: unknown) => string {
  const parts = nest(parseJsonPath(template));
  return (data) => fill(parts, data);
}

/** Puts what stands between `{range}` and `{end}` together; a range without an end goes to the end of the text. */
function nest(paths: readonly Path[]): readonly Part[] {
  const open: Part[][] = [[]];
  for (const path of paths) {
    const kind = path[0]?.type;
    if (kind === 'end') {
      if (open.length === 1) throw new Error('not in range, nothing to end');
      open.pop();
    } else if (kind === 'range') {
      const body: Part[] = [];
      open.at(-1)!.push({ over: path.slice(1), body });
      open.push(body);
    } else open.at(-1)!.push(path);
  }
  return open[0]!;
}

function fill(parts: readonly Part[], data: unknown): string {
  return parts
    .map((part) => {
      if ('over' in part)
        return findAll([data], part.over)
          .map((value) => fill(part.body, value))
          .join('');
      return findAll([data], part).map(printResult).join(' ');
    })
    .join('');
}

/** Maps and lists as JSON, anything else as it is. */
function printResult(value: unknown): string {
  if (value === null) return 'null';
  return typeof value === 'object' && !(value instanceof Float) ? printCompact(value) : printValue(value);
}

/** As Go marshals a map: keys sorted, characters of HTML escaped. */
export function printCompact(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(printCompact).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const map = value as Record<string, unknown>;
    const members = keysOf(map).filter((key) => map[key] !== undefined);
    return `{${members.map((key) => `${printCompact(key)}:${printCompact(map[key])}`).join(',')}}`;
  }
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
