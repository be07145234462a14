/** The package for the other architecture, built here: everything in it that is machine code is of that one, and all that the programs load is there. */
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { execa } from 'execa';
import { packageUnderTest } from './package.ts';

const commandMsMax = 120_000;
/** ELF's number for AArch64. */
const aarch64 = 183;

test('the arm64 package has a runtime and native code for arm64, and no other', async (t) => {
  t.timeout(600_000);
  const deb = await packageUnderTest(undefined, 'arm64');
  const options = { stdin: 'ignore', timeout: commandMsMax } as const;
  t.is((await execa('dpkg-deb', ['--field', deb, 'Architecture'], options)).stdout, 'arm64');
  const folder = mkdtempSync(join(tmpdir(), 'calico-arm64-'));
  try {
    await execa('dpkg-deb', ['--extract', deb, folder], options);
    const found = new Map<string, number>();
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const machine = entry.isFile() ? machineOf(join(entry.parentPath, entry.name)) : undefined;
      if (machine !== undefined) found.set(entry.name, machine);
    }
    t.deepEqual([...new Set(found.values())], [aarch64]);
    t.deepEqual([...found.keys()].toSorted(), ['classic-level.armv8.node', 'koffi.node', 'node']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** Of an ELF file the number of its machine. */
function machineOf(path: string): number | undefined {
  const head = Buffer.alloc(20);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, head, 0, head.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return head.toString('latin1', 0, 4) === '\x7fELF' ? head.readUInt16LE(18) : undefined;
}
