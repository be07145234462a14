/** The refusal of a bad resource, with everything that is wrong with it. Pure. */
import type { AppError } from '../../lib/errors.ts';
import { type Problem, printProblems } from '../../lib/problem.ts';
import { resourceErrors } from './errors.ts';
import { detailsOf, printRef, type Ref } from './ref.ts';

/** RESOURCE_INVALID about `ref`. */
export function invalid(ref: Ref, problems: readonly Problem[]): AppError {
  const details = { ...detailsOf(ref), problems };
  return resourceErrors.fail('RESOURCE_INVALID', `${printRef(ref)}: ${printProblems(problems)}`, { details });
}
