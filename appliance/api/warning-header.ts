/** What is told beside an answer: the `Warning` header, which kubectl prints. Pure. Source: RFC 7234, section 5.5. */

/** Headers are no place for thousands of them. */
const warningsMax = 20;
const lettersMax = 512;

/** A header value for each; undefined when there is nothing to say. */
export function printWarnings(warnings: readonly string[]): string[] | undefined {
  if (warnings.length === 0) return undefined;
  return [...new Set(warnings)].slice(0, warningsMax).map((warning) => `299 - ${quote(warning.slice(0, lettersMax))}`);
}

/** Headers carry printable ASCII only. */
function quote(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[^\x20-\x7e]/g,
    (c) => `\\\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
