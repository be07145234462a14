/** Bytes as texts of one character each: they compare like bytes, and as keys of maps they cost little. Pure. */

/** Not through a Buffer: that gives each array memory of its own outside the heap, for as long as it lives. */
export function textOf(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}

/** The bytes of such a text. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The byte string plus one, or undefined when all bytes are at their highest. */
export function increment(text: string): string | undefined {
  let at = text.length - 1;
  while (at >= 0 && text.charCodeAt(at) === 0xff) at--;
  if (at < 0) return undefined;
  return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) + 1) + '\0'.repeat(text.length - 1 - at);
}
