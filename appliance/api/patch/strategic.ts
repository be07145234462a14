/**
 * Strategic merge patches, as far as they are merge patches: none of our lists merges by keys in one. Pure.
 * Source: Kubernetes, "Strategic Merge Patch" directives.
 */
import { apiErrors } from '../errors.ts';

/** API_BAD_REQUEST when the patch has a directive: taken as a field it would be stored, left out it would mean something else. */
export function refuseDirectives(patch: unknown): void {
  const waiting: unknown[] = [patch];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    const directive = Object.keys(value).find(isDirective);
    if (directive !== undefined)
      throw apiErrors.fail(
        'API_BAD_REQUEST',
        `the directive "${directive}" is not supported; send a merge patch or a JSON patch`,
      );
    for (const member of Object.values(value)) if (member !== undefined) waiting.push(member);
  }
}

/** No field of ours, label or annotation begins so. */
function isDirective(name: string): boolean {
  return /^\$(patch|retainKeys|setElementOrder\/.*|deleteFromPrimitiveList\/.*)$/.test(name);
}
