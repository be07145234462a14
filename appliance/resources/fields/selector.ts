/** Selector fields: parsed when written, stored verbatim. Pure. */
import { type TextSchema, text } from '../../lib/schema.ts';
import { parseSelector } from '../../selector/parse.ts';
import { printSelector } from '../../selector/print.ts';

/** A selector of at most 1024 characters. */
export const selectorSchema: TextSchema = text({ format: 'selector', maxLength: 1024, check: checkSelector });

/** A selector of any length, where the API has no limit. */
export const longSelectorSchema: TextSchema = text({ format: 'selector', check: checkSelector });

/** A selector in which `global()` has no meaning. */
export const selectorWithoutGlobalSchema: TextSchema = text({
  format: 'selector',
  maxLength: 1024,
  check: (value) =>
    value.includes('global(') ? 'global() can only be used in a namespaceSelector of a rule' : checkSelector(value),
});

/** A rule's selector of namespaces: `global()` means no namespace, and stands alone. */
export const namespaceSelectorSchema: TextSchema = text({
  format: 'selector',
  maxLength: 1024,
  check: (value) => checkSelector(value) ?? checkGlobal(value),
});

/** Looks at the canonical text, in which brackets and blanks do not matter. */
function checkGlobal(value: string): string | undefined {
  const result = parseSelector(value);
  const canonical = result.ok ? printSelector(result.value) : '';
  return canonical.includes('global()') && canonical !== 'global()'
    ? 'global() cannot be combined with anything else'
    : undefined;
}

function checkSelector(value: string): string | undefined {
  const result = parseSelector(value);
  return result.ok ? undefined : (result.problems[0]?.message ?? 'invalid selector');
}
