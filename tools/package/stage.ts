/**
 * The tree of the package as it will lie on a host: the product's own files, the libraries it runs with, the runtime. I/O: writes
 * below the directory it is given, runs npm and strip.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { execaSync } from 'execa';
import type { Architecture } from './architecture.ts';

/** Where everything of ours lies on a host. */
const home = 'usr/lib/calico-appliance';
const programs = ['calico-apiserver', 'calico-node', 'calicoctl'];
/** Of the repository; all else is for building and testing. */
const productParts = ['appliance', 'bin', 'cli', 'LICENSE'];

/** Lays the tree below `target`. */
export function stage(root: string, target: string, architecture: Architecture, version: string): void {
  const product = join(target, home);
  mkdirSync(product, { recursive: true });
  for (const part of productParts) cpSync(join(root, part), join(product, part), { recursive: true });
  stageLibraries(root, product, architecture, version);
  mkdirSync(join(target, 'usr/bin'), { recursive: true });
  for (const program of programs)
    symlinkSync(`../lib/calico-appliance/bin/${program}`, join(target, 'usr/bin', program));
  stageService(join(root, 'systemd'), target);
  stageDocs(root, product, join(target, 'usr/share/doc/calico-appliance'));
  stageManual(join(root, 'docs/man'), join(target, 'usr/share/man/man1'));
  stageCompletion(join(root, 'bin/calicoctl'), join(target, 'usr/share'));
}

/** As an earlier build left them for the same lock file and the same rules, else anew. */
function stageLibraries(root: string, product: string, architecture: Architecture, version: string): void {
  const kept = join(root, 'node_modules/.cache/package', keyOfLibraries(root, architecture));
  writeManifest(root, product, version);
  if (!existsSync(kept)) {
    installLibraries(root, product, architecture);
    prune(join(product, 'node_modules'), architecture);
    shrinkRuntime(join(product, `node_modules/node-linux-${architecture.npm}/bin/node`), architecture);
    for (const name of existsSync(dirname(kept)) ? readdirSync(dirname(kept)) : [])
      if (name.startsWith(architecture.debian)) rmSync(join(dirname(kept), name), { recursive: true, force: true });
    cpSync(join(product, 'node_modules'), `${kept}.new`, { recursive: true, verbatimSymlinks: true });
    renameSync(`${kept}.new`, kept);
  } else cpSync(kept, join(product, 'node_modules'), { recursive: true, verbatimSymlinks: true });
}

function keyOfLibraries(root: string, { debian }: Architecture): string {
  const hash = createHash('sha256');
  for (const file of ['package-lock.json', 'tools/package/stage.ts']) hash.update(readFileSync(join(root, file)));
  return `${debian}-${hash.digest('hex').slice(0, 16)}`;
}

/** What the programs say of their version is read there. */
function writeManifest(root: string, product: string, version: string): void {
  const manifest: Record<string, unknown> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { devDependencies: _dev, scripts: _scripts, ...rest } = manifest;
  writeFileSync(join(product, 'package.json'), `${JSON.stringify({ ...rest, version }, null, 2)}\n`);
}

/** The versions of the lock file, without scripts, for the architecture wanted. */
function installLibraries(root: string, product: string, { npm }: Architecture): void {
  cpSync(join(root, '.npmrc'), join(product, '.npmrc'));
  cpSync(join(root, 'package-lock.json'), join(product, 'package-lock.json'));
  const flags = [
    '--omit=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--os=linux',
    `--cpu=${npm}`,
  ];
  execaSync('npm', ['install', ...flags], { cwd: product, stdio: ['ignore', 2, 2] });
  for (const name of ['.npmrc', 'package-lock.json']) rmSync(join(product, name));
}

/** Programs of other platforms, headers, type declarations, source maps and manuals of libraries: nothing a host would open. */
function prune(modules: string, architecture: Architecture): void {
  for (const path of filesBelow(modules)) if (isIdle(path, architecture)) rmSync(path, { force: true });
  for (const part of ['include', 'share', 'CHANGELOG.md', 'README.md'])
    rmSync(join(modules, `node-linux-${architecture.npm}`, part), { recursive: true, force: true });
  removeEmpty(modules);
}

function isIdle(path: string, { npm }: Architecture): boolean {
  const prebuild = /\/prebuilds\/([^/]+)\//.exec(path)?.[1];
  // the C library of the host is glibc: the runtime is linked against it
  if (prebuild !== undefined) return prebuild !== `linux-${npm}` || path.includes('musl');
  if (/\/musl_\w+\//.test(path)) return true;
  const name = basename(path);
  if (/^(licen[sc]e|copying|notice)/i.test(name)) return false;
  return (
    /\.(d\.[cm]?ts|map|md|markdown|flow|h|cc|c|cpp|gyp|gypi)$/i.test(name) ||
    /\/(test|tests|__tests__|benchmarks?|examples?|deps)\//.test(path.slice(path.lastIndexOf('/node_modules/')))
  );
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name));
}

function removeEmpty(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = join(directory, entry.name);
    removeEmpty(path);
    if (readdirSync(path).length === 0) rmSync(path, { recursive: true });
  }
}

/** A fifth of the runtime is names for debuggers. Left as it is where the machine cannot strip programs of that architecture. */
function shrinkRuntime(node: string, { strip }: Architecture): void {
  if (!existsSync(node)) throw new Error(`the package of the runtime has no ${node}`);
  const { failed } = execaSync(strip, [node], { reject: false });
  if (failed) process.stderr.write(`package: ${strip} is not there; the runtime keeps its symbols\n`);
}

function stageService(source: string, target: string): void {
  const units = join(target, 'lib/systemd/system');
  mkdirSync(units, { recursive: true });
  for (const name of readdirSync(source)) {
    if (name.endsWith('.service')) cpSync(join(source, name), join(units, name));
  }
  for (const kind of ['sysusers', 'tmpfiles']) {
    mkdirSync(join(target, `usr/lib/${kind}.d`), { recursive: true });
    cpSync(join(source, `calico-appliance.${kind}.conf`), join(target, `usr/lib/${kind}.d/calico-appliance.conf`));
  }
  mkdirSync(join(target, 'etc/calico'), { recursive: true });
  cpSync(join(source, 'calico.env'), join(target, 'etc/calico/calico.env'));
  chmodSync(join(target, 'etc/calico/calico.env'), 0o640);
}

function stageManual(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source))
    writeFileSync(join(target, `${name}.gz`), gzipSync(readFileSync(join(source, name)), { level: 9 }));
}

/** Where each shell looks for what completes a command. */
const completionFiles = {
  bash: 'bash-completion/completions/calicoctl',
  zsh: 'zsh/vendor-completions/_calicoctl',
  fish: 'fish/vendor_completions.d/calicoctl.fish',
};

function stageCompletion(calicoctl: string, share: string): void {
  for (const [shell, file] of Object.entries(completionFiles)) {
    mkdirSync(dirname(join(share, file)), { recursive: true });
    writeFileSync(join(share, file), `${execaSync(calicoctl, ['completion', shell]).stdout}\n`);
  }
}

/** The guides, and every licence of what is inside. */
function stageDocs(root: string, product: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const name of ['README.md', 'CHANGELOG.md']) cpSync(join(root, name), join(target, name));
  cpSync(join(root, 'docs'), join(target, 'docs'), { recursive: true, filter: (path) => basename(path) !== 'man' });
  const licences = filesBelow(join(product, 'node_modules')).filter((path) =>
    /^(licen[sc]e|copying|notice)/i.test(basename(path)),
  );
  const texts = licences.toSorted().map((path) => {
    const name = path.slice(join(product, 'node_modules/').length);
    return `==== ${name} ====\n\n${readFileSync(path, 'utf8').trim()}\n`;
  });
  const own = readFileSync(join(root, 'LICENSE'), 'utf8').trim();
  writeFileSync(join(target, 'copyright'), [`==== calico-appliance ====\n\n${own}\n`, ...texts].join('\n'));
}
