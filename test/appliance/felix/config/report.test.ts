import test from 'ava';
import { environmentLayer, fileLayer, resolveLayers } from '#appliance/felix/config/layers.ts';
import { reportConfig } from '#appliance/felix/config/report.ts';
import { felixParameters } from '#appliance/resources/kinds/felix-parameters.ts';

const row = (report: ReturnType<typeof reportConfig>, name: string) =>
  report.parameters.find((parameter) => parameter.name === name);

test('reportConfig() has every parameter, with its default where nobody sets it', (t) => {
  const report = reportConfig([]);
  t.is(report.parameters.length, felixParameters.length);
  t.deepEqual(row(report, 'HealthPort'), { name: 'HealthPort', value: '9099', source: 'default', change: 'live' });
  t.deepEqual(report.problems, []);
});

test('reportConfig() says where a value comes from and what it overrides', (t) => {
  const report = reportConfig([
    environmentLayer({ FELIX_HEALTHPORT: '1' }),
    fileLayer('/etc/calico/felix.cfg', 'HealthPort = 2\nHealthEnabled = true'),
    { name: 'FelixConfiguration default', values: new Map([['healthport', '3']]) },
  ]);
  t.deepEqual(row(report, 'HealthPort'), {
    name: 'HealthPort',
    value: '1',
    source: 'environment',
    change: 'live',
    overridden: [
      { value: '2', source: '/etc/calico/felix.cfg' },
      { value: '3', source: 'FelixConfiguration default' },
    ],
  });
  t.is(row(report, 'HealthEnabled')?.source, '/etc/calico/felix.cfg');
});

test('reportConfig() shows what applies where a value cannot be used, and problems of no parameter apart', (t) => {
  const report = reportConfig([fileLayer('/felix.cfg', 'HealthPort = x\nHealthPrt = 1\nnonsense')]);
  t.deepEqual(row(report, 'HealthPort'), {
    name: 'HealthPort',
    value: '9099',
    source: '/felix.cfg',
    change: 'live',
    problem: 'cannot use "x" (from /felix.cfg); the default applies',
  });
  t.deepEqual(report.problems, [
    '/felix.cfg line 3: must be NAME = VALUE; it is ignored',
    'healthprt: no such parameter (from /felix.cfg); it is ignored',
  ]);
});

test('reportConfig() says what waits for the next start, and what means nothing here', (t) => {
  const before = resolveLayers([fileLayer('/felix.cfg', 'OpenstackRegion = north')]);
  const report = reportConfig([fileLayer('/felix.cfg', 'OpenstackRegion = south\nXDPEnabled = false')], before);
  const region = row(report, 'OpenstackRegion');
  t.is(region?.value, 'south');
  t.is(region?.inUse, 'north');
  t.is(region?.change, 'restart');
  t.is(row(report, 'XDPEnabled')?.change, 'none');
  t.regex(row(report, 'XDPEnabled')?.reason ?? '', /eBPF/);
  t.is(row(reportConfig([], before), 'OpenstackRegion')?.inUse, 'north', 'also when it is gone');
});
