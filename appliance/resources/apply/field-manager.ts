/** The names of those who write. Pure. Source: Kubernetes API reference, parameter `fieldManager`. */

const lettersMax = 128;

/** What is wrong with a name somebody gave, or undefined. */
export function checkFieldManager(name: string): string | undefined {
  if (name.length > lettersMax) return `must be at most ${lettersMax} characters long`;
  return /^\P{C}*$/u.test(name) ? undefined : 'must have printable characters only';
}

/** The name of a client that gives none: the first word of how its program names itself. */
export function defaultFieldManager(userAgent: string | undefined): string {
  const word = (userAgent ?? '').split('/')[0]!.replace(/\P{ASCII}|\p{C}/gu, '');
  return word.slice(0, lettersMax).trim() || 'unknown';
}
