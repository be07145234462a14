/** The API server's `Status` answers -> errors in Calico's words. Pure. Source: Kubernetes API conventions; calicoctl's messages. */
import type { AppError } from '#appliance/lib/errors.ts';
import type { Problem } from '#appliance/lib/problem.ts';
import { cliError } from './errors.ts';
import { kindRefs } from './kind-refs.ts';
import type { Answer } from './transport.ts';

/** What an operation is about. `namespace` only for namespaced kinds. */
export interface Target {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

interface Status {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly kind?: string;
    readonly name?: string;
    readonly causes?: readonly { readonly field?: string; readonly message?: string }[];
  };
}

/** `Kind(name)` or `Kind(namespace/name)`. */
export function identityOf(target: Target): string {
  return `${target.kind}(${target.namespace === undefined ? '' : `${target.namespace}/`}${target.name})`;
}

/** The error for an answer that is not a success. */
export function errorOfAnswer(answer: Answer, operation: string, target: Target): AppError {
  const status = (typeof answer.body === 'object' && answer.body !== null ? answer.body : {}) as Status;
  const reason = status.reason ?? reasonByStatus[answer.status] ?? '';
  const message = status.message ?? `HTTP status ${answer.status}`;
  const identity = identityOf(target);
  switch (reason) {
    case 'NotFound':
      return cliError(
        'CLI_NOT_FOUND',
        `resource does not exist: ${missingIdentity(status, target)} with error: ${message}`,
      );
    case 'AlreadyExists':
      return cliError('CLI_EXISTS', `resource already exists: ${identity} with error: ${message}`);
    case 'Conflict':
      return cliError('CLI_CONFLICT', `update conflict: ${identity}`, { message });
    case 'Invalid':
      return cliError('CLI_INVALID', printFieldErrors(causesOf(status, message)));
    case 'MethodNotAllowed':
      return cliError('CLI_UNSUPPORTED', unsupported(operation, identity, message));
    case 'Forbidden':
      if (status.details?.name === undefined) return cliError('CLI_DENIED', `connection is unauthorized: ${message}`);
      return cliError('CLI_UNSUPPORTED', unsupported(operation, identity, message));
    case 'Unauthorized':
      return cliError('CLI_DENIED', `connection is unauthorized: ${message}`);
    case 'Expired':
    case 'Gone':
      return cliError('CLI_EXPIRED', message);
    default:
      return cliError('CLI_FAILED', message);
  }
}

const reasonByStatus: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  409: 'Conflict',
  410: 'Expired',
  422: 'Invalid',
};

/** The server's reason may name the object once more; the sentence needs only what comes after. */
function unsupported(operation: string, identity: string, message: string): string {
  const why = message.split(`${identity}: `).at(-1) ?? message;
  return `operation ${operation} is not supported on ${identity}: ${why}`;
}

/** A policy's missing tier is reported under the tier's own name. */
function missingIdentity(status: Status, target: Target): string {
  const { name, kind } = status.details ?? {};
  if (name === undefined || name === target.name || kind === undefined) return identityOf(target);
  const ref = kindRefs.find(({ plural }) => plural === kind);
  return `${ref?.kind ?? kind}(${name})`;
}

function causesOf(status: Status, message: string): Problem[] {
  const causes = status.details?.causes ?? [];
  if (causes.length === 0) return [{ path: '', message }];
  return causes.map((cause) => ({ path: cause.field ?? '', message: cause.message ?? '' }));
}

/** Calico's wording for broken rules: one line for one field, a list for several. */
export function printFieldErrors(problems: readonly Problem[]): string {
  const [only] = problems;
  if (problems.length === 1 && only !== undefined) return `error with field ${printField(only)}`;
  return ['error with the following fields:', ...problems.map((problem) => `-  ${printField(problem)}`)].join('\n');
}

function printField(problem: Problem): string {
  const value = problem.value === undefined ? '' : ` = '${printValue(problem.value)}'`;
  return `${problem.path === '' ? 'document' : problem.path}${value} (${problem.message})`;
}

function printValue(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
