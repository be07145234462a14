/** What LogSeverityScreen means for our logger. Pure. */
import type { Resolved } from '../config/source.ts';

const levels: Readonly<Record<string, string>> = {
  Trace: 'trace',
  Debug: 'debug',
  Info: 'info',
  Warning: 'warn',
  Error: 'error',
  Fatal: 'fatal',
  '': 'silent',
};

/** The level asked for; undefined when nobody has set it, so that the level the process was started with stays. */
export function logLevelOf({ config, values }: Resolved): string | undefined {
  return values.has('logseverityscreen') ? levels[config.logSeverityScreen] : undefined;
}
