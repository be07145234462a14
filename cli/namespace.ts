/** Which namespace a resource or a query belongs to, from the manifest, `-n` and `-A`. Pure. Source: calicoctl's namespace rules. */

import type { FlagValues } from './command.ts';
import { type CliErrorCode, cliError } from './errors.ts';
import { isSet, textFlag } from './flags.ts';

/** What the command line says about namespaces. */
export interface NamespaceChoice {
  readonly namespace: string | undefined;
  readonly isAll: boolean;
}

interface ScopedKind {
  readonly kind: string;
  readonly isNamespaced: boolean;
}

/** Reads `-n` and `-A`, which exclude each other. */
export function namespaceChoice(flags: FlagValues): NamespaceChoice {
  const namespace = textFlag(flags, 'namespace');
  const isAll = isSet(flags, 'allNamespaces');
  if (namespace !== undefined && isAll) {
    throw refuse('cannot use both --namespace and --all-namespaces flags at the same time', 'CLI_USAGE');
  }
  if (namespace === '') throw refuse('--namespace may not be empty', 'CLI_USAGE');
  return { namespace, isAll };
}

/** The namespace of a manifest; undefined for kinds that have none. */
export function manifestNamespace(
  kind: ScopedKind,
  inFile: string | undefined,
  choice: NamespaceChoice,
): string | undefined {
  if (!kind.isNamespaced) {
    if (inFile !== undefined && inFile !== '') {
      throw refuse(
        `namespace should not be specified for a non-namespaced resource. ${kind.kind} is not a namespaced resource`,
      );
    }
    refuseScope(kind, choice);
    return undefined;
  }
  if (inFile === undefined || inFile === '') return choice.namespace ?? 'default';
  if (choice.namespace !== undefined && choice.namespace !== inFile) {
    throw refuse(`resource namespace does not match client namespace. ${inFile} != ${choice.namespace}`);
  }
  return inFile;
}

/** The namespace of a resource named on the command line. */
export function namedNamespace(kind: ScopedKind, choice: NamespaceChoice): string | undefined {
  if (!kind.isNamespaced) {
    refuseScope(kind, choice);
    return undefined;
  }
  if (choice.isAll) throw refuse('cannot use --all-namespace flag for getting a single resource', 'CLI_USAGE');
  return choice.namespace ?? 'default';
}

/** The namespace to list; undefined lists all of them. */
export function listNamespace(kind: ScopedKind, choice: NamespaceChoice): string | undefined {
  if (!kind.isNamespaced) {
    refuseScope(kind, choice);
    return undefined;
  }
  return choice.isAll ? undefined : (choice.namespace ?? 'default');
}

function refuseScope(kind: ScopedKind, choice: NamespaceChoice): void {
  if (choice.isAll || choice.namespace !== undefined) throw refuse(`${kind.kind} is not namespaced`);
}

function refuse(message: string, code: CliErrorCode = 'CLI_NAMESPACE'): Error {
  return cliError(code, message);
}
