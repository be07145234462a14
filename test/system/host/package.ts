/** The package that hosts under test install: built once for what the sources are now, kept for the next file and the next run. I/O. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { root } from '../../../tools/quickstart/playground.ts';

const buildMsMax = 600_000;
const kept = join(root, 'node_modules/.cache/host-packages');
/** What a package is made of. */
const sources = ['appliance', 'bin', 'cli', 'docs', 'systemd', 'tools/package', 'package.json', 'package-lock.json'];

/** The path of the .deb; without a version that of the product, without an architecture for this machine. */
export async function packageUnderTest(version?: string, architecture?: string): Promise<string> {
  const folder = join(
    kept,
    `${hashOfSources()}-${version ?? 'own'}${architecture === undefined ? '' : `-${architecture}`}`,
  );
  if (!existsSync(folder)) await build(folder, version, architecture);
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.deb'))!);
}

/** A Debian to boot copies of; built the first time. */
export async function baseImage(release?: string): Promise<string> {
  const words = [join(root, 'tools/base-image.sh'), ...(release === undefined ? [] : [release])];
  const { stdout } = await execa('sh', words, { stdin: 'ignore', stderr: 'inherit', timeout: buildMsMax });
  return stdout;
}

async function build(folder: string, version: string | undefined, architecture: string | undefined): Promise<void> {
  forgetOld();
  const env = {
    PACKAGE_DIST: `${folder}.new`,
    PACKAGE_COMPRESSION: 'none',
    ...(version === undefined ? {} : { PACKAGE_VERSION: version }),
  };
  mkdirSync(kept, { recursive: true });
  const options = {
    cwd: root,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'inherit',
    env,
    timeout: buildMsMax,
  } as const;
  const words = architecture === undefined ? [] : [architecture];
  await execa('sh', ['bin/run-ts', 'tools/package/main.ts', ...words], options);
  renameSync(`${folder}.new`, folder);
}

/** Of other sources. */
function forgetOld(): void {
  const hash = hashOfSources();
  for (const name of existsSync(kept) ? readdirSync(kept) : [])
    if (!name.startsWith(hash)) rmSync(join(kept, name), { recursive: true, force: true });
}

function hashOfSources(): string {
  const hash = createHash('sha256');
  for (const source of sources)
    for (const path of filesOf(join(root, source))) hash.update(path).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

function filesOf(path: string): string[] {
  if (/\.json$/.test(path)) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
}
