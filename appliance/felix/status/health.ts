/**
 * How the parts of the agent are, asked when somebody asks: no part has to say again and again that it lives. A part that has been busy with one thing
 * for longer than its time counts as stuck. Pure but for what the parts answer. Source: Felix's health aggregator (names, words, time-outs).
 */
import { renderHealthTable } from './health-table.ts';

export interface HealthReport {
  readonly isReady: boolean;
  /** For how long it has been busy with one thing; 0 while it waits for work. */
  readonly busyMs: number;
  /** Why it is not ready, or what is remarkable; empty for nothing. */
  readonly detail: string;
}

export interface HealthReporter {
  readonly name: string;
  /** How long it may be busy with one thing; 0 for as long as it likes. HealthTimeoutOverrides go first. */
  timeoutMs(): number;
  report(): HealthReport;
}

export interface HealthState {
  readonly name: string;
  readonly timeoutMs: number;
  readonly isTimedOut: boolean;
  readonly isReady: boolean;
  readonly detail: string;
}

export type HealthQuestion = 'liveness' | 'readiness';

export interface HealthAnswer {
  readonly isOk: boolean;
  /** A table for people; empty when all is well and there is nothing to say. */
  readonly text: string;
}

export interface Health {
  states(): readonly HealthState[];
  answer(question: HealthQuestion): HealthAnswer;
}

/** `overrides` by the name of a reporter are asked for each time. */
export function createHealth(
  reporters: readonly HealthReporter[],
  overrides: () => Readonly<Record<string, number>>,
): Health {
  return { states, answer };

  function states(): HealthState[] {
    const given = overrides();
    return reporters.map((reporter) => {
      const { name } = reporter;
      const timeoutMs = Object.hasOwn(given, name) ? given[name]! : reporter.timeoutMs();
      const { isReady, busyMs, detail } = reporter.report();
      const isTimedOut = timeoutMs > 0 && busyMs > timeoutMs;
      const stuck = `busy with one thing for ${Math.round(busyMs / 1000)} s`;
      return { name, timeoutMs, isTimedOut, isReady, detail: isTimedOut && detail === '' ? stuck : detail };
    });
  }

  function answer(question: HealthQuestion): HealthAnswer {
    const all = states();
    const isOk = all.every((state) => !state.isTimedOut && (question === 'liveness' || state.isReady));
    const isQuiet = isOk && all.every(({ detail }) => detail === '');
    return { isOk, text: isQuiet ? '' : renderHealthTable(all) };
  }
}
