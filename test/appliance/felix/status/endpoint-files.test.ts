import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { WorkloadEndpoint } from '#appliance/felix/model/endpoint.ts';
import { createEndpointFiles, endpointFileName, printEndpointFile } from '#appliance/felix/status/endpoint-files.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { workload } from '../dataplane/sample.ts';
import { until } from './test-store.ts';

const id = (name: string) => ({ orchestrator: 'k8s', workload: `shop/${name}`, endpoint: 'eth0' });

function endpoint(more: Partial<WorkloadEndpoint> = {}): WorkloadEndpoint {
  const message = workload('a', more);
  if (message.type !== 'workload-endpoint-update') throw new Error('not an endpoint');
  return message.endpoint;
}

function world(t: ExecutionContext, periodMs = 3_600_000) {
  const folder = mkdtempSync(join(tmpdir(), 'calico-files-'));
  const place = { path: join(folder, 'endpoint-status') };
  const files = createEndpointFiles({ directory: () => place.path, log: silentLogger, periodMs });
  t.teardown(async () => {
    await files.close();
    rmSync(folder, { recursive: true });
  });
  return { folder, place, files, names: () => (existsSync(place.path) ? readdirSync(place.path).sort() : []) };
}

test('endpointFileName() escapes each part and joins them by blanks', (t) => {
  t.is(endpointFileName(id('a')), 'k8s shop%2Fa eth0');
  const odd = { orchestrator: "a b'(", workload: '../x&=', endpoint: 'e%:@' };
  t.is(endpointFileName(odd), 'a%20b%27%28 ..%2Fx&= e%25:@');
  t.is(endpointFileName(id('x'.repeat(250))), undefined);
});

test('printEndpointFile() leaves out what is empty', (t) => {
  const all = endpoint({
    interfaceName: 'calia',
    mac: '02:00:00:00:00:01',
    ipv4Nets: ['10.0.0.1/32'],
    ipv6Nets: ['fd00::1/128'],
  });
  t.is(
    printEndpointFile(all),
    '{"ifaceName":"calia","mac":"02:00:00:00:00:01","ipv4Nets":["10.0.0.1/32"],"ipv6Nets":["fd00::1/128"]}',
  );
  t.is(printEndpointFile(endpoint({ interfaceName: 'calia', ipv4Nets: [], ipv6Nets: [] })), '{"ifaceName":"calia"}');
});

test('nothing is touched before all is told; then the directory is as it is wanted', async (t) => {
  const { place, files, names } = world(t);
  mkdirSync(place.path);
  mkdirSync(join(place.path, 'folder'));
  writeFileSync(join(place.path, 'k8s shop%2Fold eth0'), '{}');
  files.set(id('a'), endpoint({ interfaceName: 'calia' }));
  await files.settled();
  t.deepEqual(names(), ['folder', 'k8s shop%2Fold eth0']);
  files.open();
  await files.settled();
  t.deepEqual(names(), ['folder', 'k8s shop%2Fa eth0']);
  t.like(JSON.parse(readFileSync(join(place.path, 'k8s shop%2Fa eth0'), 'utf8')), { ifaceName: 'calia' });
  files.set(id('a'), endpoint({ interfaceName: 'calib' }));
  files.set(id('b'), endpoint());
  await files.settled();
  t.like(JSON.parse(readFileSync(join(place.path, 'k8s shop%2Fa eth0'), 'utf8')), { ifaceName: 'calib' });
  files.set(id('a'), undefined);
  await files.settled();
  t.deepEqual(names(), ['folder', 'k8s shop%2Fb eth0']);
});

test('what others do to the directory is put right, and it moves when it is to be elsewhere', async (t) => {
  const { folder, place, files, names } = world(t, 20);
  files.open();
  files.set(id('a'), endpoint());
  await until(() => readdirSync(folder).length === 1 && names().length === 1);
  rmSync(place.path, { recursive: true });
  await until(() => readdirSync(folder).length === 1 && names()[0] === 'k8s shop%2Fa eth0');
  writeFileSync(join(place.path, 'foreign'), '');
  await until(() => names().length === 1);
  const before = place.path;
  place.path = join(folder, 'other/endpoint-status');
  await until(() => readdirSync(folder).includes('other') && names()[0] === 'k8s shop%2Fa eth0');
  t.deepEqual(readdirSync(before), []);
  const last = place.path;
  place.path = '';
  await until(() => readdirSync(last).length === 0);
});

test('a directory that cannot be made is tried again', async (t) => {
  const { folder, place, files, names } = world(t, 20);
  writeFileSync(place.path, 'in the way');
  files.open();
  files.set(id('a'), endpoint());
  await files.settled();
  rmSync(place.path);
  await until(() => readdirSync(folder).length === 1 && names().length === 1);
  t.deepEqual(names(), ['k8s shop%2Fa eth0']);
});
