/**
 * Gathers answers of programs, files and questions into one `.tar.gz` with a manifest of what is in it and what is missing. Everything that goes
 * in has its secrets taken out. I/O.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { cliError, errorText } from '../errors.ts';
import { redact } from './redact.ts';

/** One thing to gather. */
export type Source =
  | { readonly type: 'command'; readonly file: string; readonly command: readonly string[] }
  | { readonly type: 'file'; readonly file: string; readonly path: string }
  | { readonly type: 'text'; readonly file: string; readonly read: () => Promise<string> };

interface ManifestEntry {
  readonly file: string;
  readonly from: string;
  readonly bytes?: number;
  /** Why it is not there, or not whole. */
  readonly problem?: string;
}

const run = promisify(execFile);
const commandTimeoutMs = 15_000;
const bytesMax = 32 * 1024 * 1024;

/** Writes `NAME-TIME.tar.gz` below `directory`, and gives its path. What cannot be gathered is told in the manifest. */
export async function writeBundle(
  directory: string,
  name: string,
  now: Date,
  sources: readonly Source[],
): Promise<string> {
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').replace('T', '_').slice(0, 15);
  const folder = `${name}-${stamp}`;
  const work = mkdtempSync(join(tmpdir(), 'calico-diags-'));
  try {
    const entries: ManifestEntry[] = [];
    for (const source of sources) entries.push(await gather(join(work, folder), source));
    const manifest = { createdAt: now.toISOString(), secrets: 'taken out', entries };
    writeFileSync(join(work, folder, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    const path = join(directory, `${folder}.tar.gz`);
    mkdirSync(directory, { recursive: true });
    await run('tar', ['-czf', path, '-C', work, folder]);
    return path;
  } catch (error) {
    throw cliError('CLI_FAILED', `the bundle cannot be written: ${errorText(error)}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function gather(folder: string, source: Source): Promise<ManifestEntry> {
  const { file } = source;
  const from = describe(source);
  const target = join(folder, file);
  mkdirSync(dirname(target), { recursive: true });
  try {
    const { text, problem } = await read(source);
    const clean = redact(text);
    writeFileSync(target, clean, { mode: 0o600 });
    return { file, from, bytes: Buffer.byteLength(clean), ...(problem !== undefined && { problem }) };
  } catch (error) {
    return { file, from, problem: problemOf(error) };
  }
}

function describe(source: Source): string {
  if (source.type === 'command') return source.command.join(' ');
  return source.type === 'file' ? source.path : 'calicoctl';
}

async function read(source: Source): Promise<{ text: string; problem?: string }> {
  if (source.type === 'text') return { text: await source.read() };
  if (source.type === 'command') return readCommand(source.command);
  const { size } = statSync(source.path);
  const content = readFileSync(source.path, 'utf8');
  return size > bytesMax
    ? { text: content.slice(-bytesMax), problem: `the last ${bytesMax} of ${size} bytes` }
    : { text: content };
}

async function readCommand([program = '', ...words]: readonly string[]): Promise<{ text: string; problem?: string }> {
  try {
    const options = { timeout: commandTimeoutMs, maxBuffer: bytesMax };
    const { stdout, stderr } = await run(program, words, options);
    return { text: stdout + stderr };
  } catch (error) {
    const { stdout, stderr, code } = error as { stdout?: string; stderr?: string; code?: unknown };
    if (code === 'ENOENT') throw error;
    // what a program says before it fails is worth having
    return { text: `${stdout ?? ''}${stderr ?? ''}`, problem: problemOf(error) };
  }
}

function problemOf(error: unknown): string {
  const { code, killed } = error as { code?: unknown; killed?: boolean };
  if (code === 'ENOENT') return 'is not there';
  if (killed === true) return `did not end within ${commandTimeoutMs / 1000} s`;
  return errorText(error).split('\n')[0]!;
}
