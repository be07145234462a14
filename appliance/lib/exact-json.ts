/** JSON whose numbers keep their digits: sequence numbers of IPAM blocks are beyond what a double holds. Pure. */

interface ExactJson {
  parse(text: string, revive: (key: string, value: unknown, context: { readonly source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
}

/** Newer than the type library's. */
const exact = JSON as unknown as ExactJson;

/** The value; a number that would lose digits is kept as it was written. Undefined when the text is no JSON. */
export function parseExact(text: string): unknown {
  try {
    return exact.parse(text, (_key, value, { source }) =>
      typeof value === 'number' && source !== undefined && String(value) !== source ? exact.rawJSON(source) : value,
    );
  } catch {
    // Not JSON: the caller keeps it as bytes, or refuses it.
    return undefined;
  }
}

const escapes: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** One line, with the escapes of Go's encoder. */
export function printExact(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character);
}
