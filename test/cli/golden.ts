/** Compares text with a golden file under test/golden/cli; `BLESS=1` rewrites it instead. I/O. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';

const directory = new URL('../golden/cli/', import.meta.url);

/** Fails unless `text` is what the golden file `name` holds. */
export function matchesGolden(t: ExecutionContext, name: string, text: string): void {
  const file = new URL(name, directory);
  if (process.env.BLESS === '1') {
    mkdirSync(directory, { recursive: true });
    writeFileSync(file, text);
  }
  t.is(text, readFileSync(file, 'utf8'));
}
