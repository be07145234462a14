/** In which form policies go to the kernel: the setting CALICO_POLICY_FORM. Pure. */
import type { Problem } from '../../lib/problem.ts';

/** `compiled`: tables asked by class of peer, protocol and port. `linear`: chains of rules, one after the other. */
export type PolicyForm = 'compiled' | 'linear';

type Environment = Readonly<Record<string, string | undefined>>;

const name = 'CALICO_POLICY_FORM';

export function readPolicyForm(environment: Environment): PolicyForm {
  return environment[name] === 'linear' ? 'linear' : 'compiled';
}

/** A form there is not. */
export function checkPolicyForm(environment: Environment): Problem[] {
  const text = environment[name] ?? '';
  if (['', 'compiled', 'linear'].includes(text)) return [];
  return [{ path: name, message: 'must be compiled or linear', value: text }];
}
