/** Fields that hold a regular expression. Pure. */
import { type TextSchema, text } from '../../lib/schema.ts';

/** A regular expression that compiles. */
export const regexSchema: TextSchema = text({ check: checkRegex, format: 'regex' });

function checkRegex(value: string): string | undefined {
  try {
    new RegExp(value);
    return undefined;
  } catch {
    // The engine's own text names positions in its own rewriting of the pattern; the fact is enough.
    return 'must be a regular expression';
  }
}
