/** What a check has to say of a key. Pure. */

export interface Finding {
  /** error: something is wrong and somebody may suffer from it. warning: worth knowing, and harmless. */
  readonly level: 'error' | 'warning';
  /** Empty when it is about the whole store. */
  readonly key: string;
  readonly message: string;
}

/** An error about a key. */
export function errorAt(key: string, message: string): Finding {
  return { level: 'error', key, message };
}

/** A warning about a key. */
export function warningAt(key: string, message: string): Finding {
  return { level: 'warning', key, message };
}
