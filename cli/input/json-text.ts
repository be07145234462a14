/**
 * Tells whether JSON text can be handed to the fast parser without losing anything: no repeated key, no integer beyond 2^53. Pure.
 * Text that fails here is read again by the YAML parser, which can say where the trouble is.
 */

const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|-?\d[\d.eE+-]*/g;

/** The value of JSON text, or undefined when it is not plain JSON that a double-precision reader keeps whole. */
export function parsePlainJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isLossless(text) ? value : undefined;
  } catch {
    return undefined; // Not a failure: the YAML parser reads the same text next and reports.
  }
}

/** Walks the tokens of text that is known to be JSON. */
function isLossless(text: string): boolean {
  const open: (Set<string> | undefined)[] = [];
  let isKeyNext = false;
  for (const [part] of text.matchAll(token)) {
    if (part === '{' || part === '[') open.push(part === '{' ? new Set() : undefined);
    else if (part === '}' || part === ']') open.pop();
    else if (isKeyNext && part.startsWith('"')) {
      const keys = open.at(-1);
      const key = JSON.parse(part) as string;
      if (keys?.has(key)) return false;
      keys?.add(key);
    } else if (/^-?\d+$/.test(part) && !Number.isSafeInteger(Number(part))) return false;
    isKeyNext = part === '{' || (part === ',' && open.at(-1) !== undefined);
  }
  return true;
}
