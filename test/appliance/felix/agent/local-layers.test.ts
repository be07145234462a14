import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readLocalLayers } from '#appliance/felix/agent/local-layers.ts';
import { resolveLayers } from '#appliance/felix/config/layers.ts';
import { createReloader, waitingSettings } from '#appliance/reload.ts';
import { loadSettings } from '#appliance/settings.ts';

function folder(t: ExecutionContext, files: Record<string, string>) {
  const path = mkdtempSync(join(tmpdir(), 'calico-layers-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(path, name), text);
  for (const [name, text] of Object.entries(files)) write(name, text);
  return { path, write };
}

test('readLocalLayers() tells environment, calico.env and felix.cfg apart, also when systemd read the file', (t) => {
  const { path } = folder(t, {
    'calico.env': 'FELIX_HealthPort=1\nFELIX_HealthHost="::1"\nDATASTORE_TYPE=embedded\n',
    'felix.cfg': '[global]\nHealthPort = 2\nLogPrefix = x\n',
  });
  const environment = { FELIX_HealthPort: '1', FELIX_HealthHost: '127.0.0.1' };
  const values = resolveLayers(readLocalLayers(path, environment));
  t.deepEqual(Object.fromEntries(values), {
    healthhost: { text: '127.0.0.1', layer: 'environment' },
    healthport: { text: '1', layer: join(path, 'calico.env') },
    logprefix: { text: 'x', layer: join(path, 'felix.cfg') },
  });
});

test('readLocalLayers() is fine without files, and not with one that cannot be read', (t) => {
  const { path } = folder(t, {});
  t.is(resolveLayers(readLocalLayers(path, {})).size, 0);
  mkdirSync(join(path, 'felix.cfg'));
  t.throws(() => readLocalLayers(path, {}), { code: 'EISDIR' });
});

function reloader(t: ExecutionContext, files: Record<string, string>, environment: Record<string, string>) {
  const { path, write } = folder(t, files);
  const given = { ...environment, CALICO_CONFIG_DIR: path };
  const settings = loadSettings(given);
  if (!settings.ok) throw new Error('the first settings must hold');
  return { write, read: createReloader(given, settings.value) };
}

test('createReloader() reads calico.env and felix.cfg anew; what systemd took out of the file follows it', (t) => {
  const before = 'FELIX_HEALTHPORT=1\nCALICO_LOG_LEVEL=info\n';
  const environment = { FELIX_HEALTHPORT: '1', CALICO_LOG_LEVEL: 'info', FELIX_HEALTHHOST: '::1' };
  const { read, write } = reloader(t, { 'calico.env': before, 'felix.cfg': 'LogPrefix = a\n' }, environment);
  write('calico.env', 'FELIX_HEALTHPORT=2\nCALICO_LOG_LEVEL=debug\nFELIX_HEALTHHOST=127.0.0.1\n');
  write('felix.cfg', 'LogPrefix = b\n');
  const reloaded = read();
  if (!reloaded.ok) return t.fail();
  const values = resolveLayers(reloaded.local);
  t.is(values.get('healthport')?.text, '2');
  t.is(values.get('healthhost')?.text, '::1', 'the environment of the process goes first');
  t.is(values.get('logprefix')?.text, 'b');
  t.is(reloaded.logLevel, 'debug');
  t.deepEqual(reloaded.notes, []);
});

test('createReloader() names what waits for the next start, without its value', (t) => {
  const { read, write } = reloader(t, { 'calico.env': 'ETCD_USERNAME=a\nETCD_PASSWORD=old\n' }, {});
  write('calico.env', 'ETCD_USERNAME=a\nETCD_PASSWORD=secret\nNODENAME=other\n');
  const reloaded = read();
  if (!reloaded.ok) return t.fail();
  t.is(reloaded.notes.length, 2);
  t.regex(reloaded.notes[0] ?? '', /^ETCD_PASSWORD: changed in .*calico\.env; waits for the next start$/);
  t.notRegex(reloaded.notes.join(), /secret/);
});

test('createReloader() refuses settings that cannot be used, by name', (t) => {
  const { read, write } = reloader(t, { 'calico.env': '' }, {});
  write('calico.env', 'CALICO_LOG_LEVEL=loud\n');
  const reloaded = read();
  t.false(reloaded.ok);
  t.deepEqual(reloaded.ok ? [] : reloaded.problems.map(({ path }) => path), ['CALICO_LOG_LEVEL']);
});

test('waitingSettings() leaves out what is taken at once', (t) => {
  t.deepEqual(waitingSettings({ A: '1', B: '2', felix_x: '1' }, { A: '1', C: '3', CALICO_LOG_LEVEL: 'debug' }), [
    'B',
    'C',
  ]);
});
