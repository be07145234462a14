/** What is wrong with an input, as data: every problem at once, each with its path. Pure. */

/**
 * One thing wrong with one field.
 * `path` is written as in the manifest: `spec.ingress[2].destination.ports[0]`, `metadata.name`; the empty string is the root.
 */
export interface Problem {
  readonly path: string;
  readonly message: string;
  /** The offending value when it is short and printable. */
  readonly value?: unknown;
}

/** A value, or everything that is wrong with it. */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `path: message` lines, one each. */
export function printProblems(problems: readonly Problem[]): string {
  return problems.map((p) => (p.path === '' ? p.message : `${p.path}: ${p.message}`)).join('\n');
}
