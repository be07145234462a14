/** Numbers as Go's `%.5g` and `%.0f` print them. Pure. */

/** Five significant digits without trailing zeros, in exponent form from 100000 on. */
export function printFiveDigits(value: number): string {
  if (value === 0) return '0';
  const [mantissa = '', exponent = ''] = value.toExponential(4).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 5) return withoutZeros(value.toPrecision(5));
  return `${withoutZeros(mantissa)}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** `5 (12%)`: a part of a whole, and how much of it that is, halves rounded to even. */
export function printShare(part: number, whole: number): string {
  return `${printFiveDigits(part)} (${whole === 0 ? 'NaN' : roundToEven((100 * part) / whole)}%)`;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
