import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { recordSysctls, restoreSysctls } from '#appliance/felix/agent/sysctl-record.ts';

const forward = 'net/ipv4/ip_forward';

function host(value: string) {
  const values = new Map([[forward, value]]);
  return {
    values,
    readSysctl: (path: string) => values.get(path),
    writeSysctl(path: string, text: string) {
      values.set(path, text);
      return undefined;
    },
  };
}

function inFolder(use: (file: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'sysctl-record-'));
  try {
    use(join(folder, 'data', 'before.json'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('restoreSysctls() puts back what was there before the first start', (t) => {
  inFolder((file) => {
    const kernel = host('0');
    recordSysctls(kernel, file);
    kernel.values.set(forward, '1');
    recordSysctls(kernel, file); // a restart of the agent must not take its own value for the owner's
    restoreSysctls(kernel, file);
    t.is(kernel.values.get(forward), '0');
    t.throws(() => readFileSync(file), { code: 'ENOENT' });
  });
});

test('restoreSysctls() changes nothing without a record, or by a broken one', (t) => {
  inFolder((file) => {
    const kernel = host('1');
    restoreSysctls(kernel, file);
    t.is(kernel.values.get(forward), '1');
    recordSysctls(host('0'), file);
    writeFileSync(file, '{"net/ipv4/ip_forw');
    restoreSysctls(kernel, file);
    t.is(kernel.values.get(forward), '1');
  });
});
