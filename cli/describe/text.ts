/** Lines of a description: `Label:   value`, aligned, with lists and maps below their label. Pure. */

/** A label and what stands behind it; a list stands one below the other. */
export type Field = readonly [label: string, value: string | readonly string[]];

/** The fields aligned as a block. */
export function printFields(fields: readonly Field[], indent = 0): string {
  const margin = ' '.repeat(indent);
  const width = Math.max(...fields.map(([label]) => label.length)) + 3;
  return fields
    .map(([label, value]) => {
      const lines = typeof value === 'string' ? [value] : value.length === 0 ? ['<none>'] : value;
      const [first = '', ...rest] = lines;
      const below = rest.map((line) => `${margin}${' '.repeat(width)}${line}\n`).join('');
      return `${`${margin}${`${label}:`.padEnd(width)}${first}`.trimEnd()}\n${below}`;
    })
    .join('');
}

/** A heading with lines below it. */
export function printSection(heading: string, lines: readonly string[]): string {
  return `${heading}:\n${lines.length === 0 ? '  <none>\n' : lines.map((line) => `  ${line}\n`).join('')}`;
}

/** `key=value` lines, sorted. */
export function printMap(map: Readonly<Record<string, string>> | undefined): string[] {
  return Object.keys(map ?? {})
    .sort()
    .map((key) => `${key}=${map![key]}`);
}

/** Any JSON as indented lines with spaced labels: `spec.bgp.asNumber` becomes `Bgp`, below it `As Number:  64512`. */
export function printTree(value: unknown, indent = 0): string {
  const margin = ' '.repeat(indent);
  if (Array.isArray(value)) return value.map((item) => printItem(item, indent)).join('');
  if (typeof value !== 'object' || value === null) return `${margin}${printScalar(value)}\n`;
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => {
      const label = labelOf(key);
      if (isEmpty(member)) return `${margin}${label}:  <none>\n`;
      if (typeof member === 'object' && member !== null) return `${margin}${label}:\n${printTree(member, indent + 2)}`;
      return `${margin}${label}:  ${printScalar(member)}\n`;
    })
    .join('');
}

function printItem(item: unknown, indent: number): string {
  if (typeof item !== 'object' || item === null) return `${' '.repeat(indent)}${printScalar(item)}\n`;
  const text = printTree(item, indent + 2);
  return `${' '.repeat(indent)}- ${text.slice(indent + 2)}`;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** No control character of a stored text may reach the terminal. */
function printScalar(value: unknown): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return String(value ?? '<none>').replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, ' ');
}

/** `asNumber` -> `As Number`; keys that are no plain words stay. */
export function labelOf(key: string): string {
  if (!/^[a-zA-Z][a-zA-Z0-9]*$/.test(key)) return key;
  const spaced = key.replace(/([a-z0-9])([A-Z])/g, '$1 $2');
  return spaced[0]!.toUpperCase() + spaced.slice(1);
}
