/** Builds `dist/calico-appliance_VERSION_ARCH.deb` and its SBOM. I/O. The same sources and lock file give the same bytes. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execaSync } from 'execa';
import { findArchitecture } from './architecture.ts';
import { controlFiles } from './control.ts';
import { stage } from './stage.ts';

const root = dirname(dirname(import.meta.dirname));
const architecture = findArchitecture(process.argv[2]);
const manifest: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
/** Tests install packages of several versions, and have no time for making them small. */
const { PACKAGE_VERSION: version = manifest.version, PACKAGE_DIST: dist = join(root, 'dist') } = process.env;
const compression = process.env.PACKAGE_COMPRESSION === 'none' ? ['-Znone'] : ['-Zxz', '-z6'];
const target = mkdtempSync(join(tmpdir(), 'calico-package-'));
try {
  chmodSync(target, 0o755);
  stage(root, target, architecture, version);
  const sizeKiB = Number(execaSync('du', ['-sk', '--apparent-size', target]).stdout.split('\t')[0]);
  writeControl(join(target, 'DEBIAN'), controlFiles({ version, architecture, sizeKiB }));
  mkdirSync(dist, { recursive: true });
  const name = join(dist, `calico-appliance_${version}_${architecture.debian}`);
  const date = execaSync('git', ['log', '-1', '--format=%ct'], { cwd: root }).stdout;
  const options = { env: { SOURCE_DATE_EPOCH: date } };
  execaSync('dpkg-deb', ['--root-owner-group', ...compression, '--build', target, `${name}.deb`], options);
  writeFileSync(
    `${name}.cdx.json`,
    `${execaSync('npm', ['sbom', '--sbom-format=cyclonedx', '--omit=dev'], { cwd: root }).stdout}\n`,
  );
  process.stdout.write(`${name}.deb: ${Math.round(sizeKiB / 1024)} MiB installed\n`);
} finally {
  rmSync(target, { recursive: true, force: true });
}

function writeControl(directory: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(directory);
  for (const [name, text] of Object.entries(files))
    writeFileSync(join(directory, name), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
}
