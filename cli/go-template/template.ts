/** Go's text/template over JSON values: parse once, run often. Pure. */
import { builtins } from './builtins.ts';
import { executeTemplate } from './execute.ts';
import { parseTemplate } from './parse.ts';
import type { TemplateFunctions } from './values.ts';

/** Parses a template; the result makes text of data. Both throw an Error that names the line. */
export function compileGoTemplate(text: string, functions: TemplateFunctions = {}): (data: unknown) => string {
  const all = { ...builtins, ...functions };
  const template = parseTemplate(text, new Set([...Object.keys(all), 'and', 'or']));
  return (data) => executeTemplate(template, all, data);
}
