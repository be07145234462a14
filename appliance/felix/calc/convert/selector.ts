/** Selectors of stored objects. One that does not parse refuses its object: ignoring it would widen what the object says. Pure. */
import type { Selector } from '#appliance/selector/ast.ts';
import { parseSelector } from '#appliance/selector/parse.ts';
import type { Fields } from './fields.ts';

/** The selector of a field, or undefined when it is absent or blank (which is not the same as `all()`). */
export function readSelector(fields: Fields, name: string): Selector | undefined {
  const text = fields.text(name);
  if (text === '' || /^[ \t]*$/.test(text)) return undefined;
  const result = parseSelector(text);
  if (result.ok) return result.value;
  for (const { message } of result.problems) fields.refuse(name, message, text);
  return undefined;
}
