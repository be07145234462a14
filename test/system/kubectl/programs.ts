/**
 * The kubectls to test with, all or one: those `tools/kubectl.sh` got (Debian's, 1.32, a current one), and the machine's own when it is newer than all of them.
 * `KUBECTL` names the only one instead. What could not be had comes with its reason, to be counted as skipped. I/O.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';

export interface Kubectl {
  readonly path: string;
  /** `v1.32.4` and the like. */
  readonly version: string;
  readonly minor: number;
}

export interface Missing {
  readonly name: string;
  readonly reason: string;
}

const cache = join(import.meta.dirname, '../../../node_modules/.cache/kubectl');
const wanted = ['debian', 'v1.32', 'current'];
const own = ['/usr/local/bin/kubectl', '/usr/bin/kubectl'];

/** What there is, oldest first, and what is missing. */
export function findKubectls(): { found: readonly Kubectl[]; missing: readonly Missing[] } {
  const { KUBECTL } = process.env;
  if (KUBECTL !== undefined) return { found: [inspect(KUBECTL)], missing: [] };
  const made = wanted.map((name) => join(cache, name)).filter((path) => existsSync(path));
  const found = made.map(inspect).toSorted((a, b) => a.minor - b.minor);
  const newest = found.at(-1)?.minor ?? 0;
  const newer = own
    .filter((path) => existsSync(path))
    .map(inspect)
    .filter(({ minor }) => minor > newest);
  const missing = wanted
    .filter((name) => !existsSync(join(cache, name)))
    .map((name) => ({ name, reason: reasonOf(name) }));
  return { found: [...found, ...newer.slice(0, 1)], missing };
}

/** For tests that speak through one: 1.32, else the current one, else the machine's own. */
export function oneKubectl(): string {
  const made = ['v1.32', 'current'].map((name) => join(cache, name)).find((path) => existsSync(path));
  return process.env.KUBECTL ?? made ?? 'kubectl';
}

function inspect(path: string): Kubectl {
  const { stdout } = execaSync(path, ['version', '--client', '-o', 'json'], { timeout: 30_000 });
  const { gitVersion } = JSON.parse(stdout).clientVersion as { gitVersion: string };
  return { path, version: gitVersion, minor: Number.parseInt(gitVersion.split('.')[1]!, 10) };
}

function reasonOf(name: string): string {
  const note = join(cache, `${name}.skipped`);
  return existsSync(note) ? readFileSync(note, 'utf8').trim() : 'sh tools/kubectl.sh has not been run';
}
