/** A path as `--sort-by` and `custom-columns` take it, with or without braces and the first dot. Pure. */
import { printValue } from '../go-template/values.ts';
import { findAll } from './evaluate.ts';
import { parseJsonPath } from './parse.ts';

/** The path as a function from a value to what it finds. Throws an Error for what is no path. */
export function compilePath(text: string): (value: unknown) => readonly unknown[] {
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(text);
  if (match === null) {
    throw new Error(
      `unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'`,
    );
  }
  const [path = []] = parseJsonPath(`{.${match[1] ?? match[2]}}`);
  return (value) => findAll([value], path);
}

/** What a column shows of a value: everything found, separated by commas, or `<none>`. */
export function compileCell(text: string): (value: unknown) => string {
  const find = compilePath(text);
  return (value) => {
    const found = find(value);
    return found.length === 0 ? '<none>' : found.map(printValue).join(',');
  };
}
