/** Assertions that stay on in production: broken code stops the process, and the kernel keeps the rules it has. Pure. */

/** Throws unless `condition` holds. For what only a bug can break, never for input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** Marks a branch the types say cannot be reached. */
export function unreachable(value: never, what = 'value'): never {
  throw new Error(`assertion failed: unexpected ${what} ${JSON.stringify(value)}`);
}
