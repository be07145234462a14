/** Prints a value as Go's `json.MarshalIndent(value, "", "  ")` does, with its HTML-safe escapes and no last newline. Pure. */

const escapes: Record<string, string> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON text, indented by two. Keys keep the order they came in. */
export function printJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character);
}
