/** Sections of a policy's or profile's rules, numbered, in words. Pure. */
import { ruleInWords } from './rule-words.ts';
import { labelOf, printSection } from './text.ts';

/** A section for each direction; `what follows` the last rule is for the caller to say. */
export function ruleLines(
  spec: Readonly<Record<string, unknown>>,
  directions: readonly string[],
  otherwise?: (direction: string) => string,
): string {
  return directions
    .map((direction) => {
      const rules = (spec[direction] as unknown[] | undefined) ?? [];
      const lines = rules.map((rule, i) => `${i + 1}. ${ruleInWords(rule)}`);
      const last = otherwise === undefined ? [] : [otherwise(direction)];
      return printSection(`${labelOf(direction)} Rules`, [...lines, ...last]);
    })
    .join('');
}
