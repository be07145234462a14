/** Orders texts as their UTF-8 bytes do, which is how stores and upstream order names. Pure. */

/** Negative, zero or positive. Unlike `<` it puts characters beyond U+FFFF after all others. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return byteRank(x) - byteRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for the highest code points, so they go behind the units that follow them in UTF-16. */
function byteRank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
