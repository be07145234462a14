/** Tells what the kernel refuses of policies, once, and what it takes again. Calls of the reports; no other I/O. */
import type { Logger } from '../../lib/log.ts';
import type { PolicyId } from '../model/policy.ts';
import type { DataplaneReports } from './dataplane.ts';

export class RefusalReports {
  readonly #reports: Pick<DataplaneReports, 'onPolicyStatus'>;
  readonly #log: Logger;
  readonly #told = new Map<string, { readonly id: PolicyId; readonly problem: string }>();

  constructor(reports: Pick<DataplaneReports, 'onPolicyStatus'>, log: Logger) {
    this.#reports = reports;
    this.#log = log;
  }

  /** `problems`: all that are refused now, by printed id, with the kernel's words. */
  tell(problems: ReadonlyMap<string, { readonly id: PolicyId; readonly problem: string }>): void {
    for (const [text, { id, problem }] of problems) {
      if (this.#told.get(text)?.problem === problem) continue;
      this.#log.warn({ policy: text, problem }, 'the kernel refuses a policy');
      this.#told.set(text, { id, problem });
      this.#reports.onPolicyStatus(id, problem);
    }
    for (const [text, { id }] of this.#told) {
      if (problems.has(text)) continue;
      this.#told.delete(text);
      this.#reports.onPolicyStatus(id, undefined);
    }
  }
}
