import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { recordSysctls, restoreSysctls } from '#appliance/felix/agent/sysctl-record.ts';
import { hostSysctls } from '#appliance/felix/dataplane/linux/link-sysctls.ts';
import { sampleConfig } from '../dataplane/sample.ts';

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

test('everything the agent sets for the whole host is put back', (t) => {
  inFolder((file) => {
    const kernel = host('0');
    const set = hostSysctls(sampleConfig);
    t.true(set.length > 2);
    for (const { path } of set) kernel.values.set(path, '0');
    recordSysctls(kernel, file);
    for (const { path, value } of set) kernel.values.set(path, value);
    restoreSysctls(kernel, file);
    t.deepEqual(
      [...kernel.values].filter(([, value]) => value !== '0'),
      [],
    );
  });
});
