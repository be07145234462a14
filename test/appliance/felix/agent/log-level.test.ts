import test from 'ava';
import { logLevelOf } from '#appliance/felix/agent/log-level.ts';
import { environmentLayer } from '#appliance/felix/config/layers.ts';
import { createConfigSource } from '#appliance/felix/config/source.ts';

const levelOf = (environment: Record<string, string>) =>
  logLevelOf(createConfigSource('h', [environmentLayer(environment)]).resolve());

test('logLevelOf() follows LogSeverityScreen, and is silent about a level nobody set', (t) => {
  const words = ['TRACE', 'Debug', 'info', 'Warning', 'Error', 'Fatal', 'none'];
  t.deepEqual(
    words.map((word) => levelOf({ FELIX_LOGSEVERITYSCREEN: word })),
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
  );
  t.is(levelOf({}), undefined);
});
