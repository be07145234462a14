/** What calicoctl refuses to write before it asks the server. Pure. */
import { identityOf, printFieldErrors } from './api-errors.ts';
import { cliError } from './errors.ts';
import type { Manifest } from './input/manifests.ts';
import type { Named } from './run-each.ts';

/** As `checkWritable`, and throws CLI_INVALID for a manifest that breaks rules of its kind. */
export function checkManifest(operation: string, manifest: Manifest): void {
  if (manifest.problems.length > 0) throw cliError('CLI_INVALID', printFieldErrors(manifest.problems));
  checkWritable(operation, manifest);
}

/** Throws CLI_UNSUPPORTED for read-only kinds and for policies that Kubernetes owns, CLI_INVALID for a blank name. */
export function checkWritable(operation: string, { kind, name, namespace }: Named): void {
  if (name === '') throw cliError('CLI_INVALID', 'resource name may not be empty');
  const identity = identityOf({ kind: kind.kind, name, namespace });
  if (kind.isReadOnly === true) {
    throw cliError('CLI_UNSUPPORTED', `operation ${operation} is not supported on ${identity}: resource is readonly`);
  }
  if (kind.kind === 'NetworkPolicy' && name.startsWith('knp.default.')) {
    throw cliError(
      'CLI_UNSUPPORTED',
      `operation ${operation} is not supported on ${identity}: kubernetes network policies must be managed through the kubernetes API`,
    );
  }
}
