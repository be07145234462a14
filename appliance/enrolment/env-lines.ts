/** Lines for `calico.env` among those that are there already: what others have written stays, byte for byte. Pure. */
import { parseEnv } from 'node:util';

export interface MergedEnv {
  readonly text: string;
  /** Names that are set to something else; their lines are replaced in `text`. */
  readonly replaced: readonly string[];
}

/** `settings` hold letters that need no quoting in the file. */
export function mergeEnv(text: string, settings: Readonly<Record<string, string>>): MergedEnv {
  const present = parseEnv(text);
  const replaced = Object.keys(settings).filter(
    (name) => Object.hasOwn(present, name) && present[name] !== settings[name],
  );
  const kept = text.split('\n').filter((line) => !replaced.includes(nameOf(line)));
  const added = Object.entries(settings).filter(([name]) => !Object.hasOwn(present, name) || replaced.includes(name));
  const before = kept.join('\n').replace(/\n*$/, '');
  const lines = added.map(([name, value]) => `${name}=${value}`);
  return { text: `${[...(before === '' ? [] : [before]), ...lines].join('\n')}\n`, replaced };
}

function nameOf(line: string): string {
  return /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=/.exec(line)?.[1] ?? '';
}
