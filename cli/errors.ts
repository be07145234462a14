/**
 * What can go wrong for a person at the command line, and which exit code it becomes. Pure.
 * The texts follow Calico's wording, so each thrower gives the whole message; rows say what a code means.
 */
import { AppError, defineErrors } from '#appliance/lib/errors.ts';

export const cliErrors = defineErrors({
  CLI_USAGE: { message: 'the command line cannot be understood', retry: 'never' },
  CLI_CONFIG: { message: 'the configuration file or environment is not usable', retry: 'never' },
  CLI_INPUT: { message: 'the manifests cannot be read', retry: 'never' },
  CLI_INVALID: { message: 'the resource breaks a rule of its kind', retry: 'never' },
  CLI_NAMESPACE: { message: 'the namespace does not fit', retry: 'never' },
  CLI_UNSUPPORTED: { message: 'the operation is not supported on the resource', retry: 'never' },
  CLI_NOT_FOUND: { message: 'resource does not exist', retry: 'never' },
  CLI_EXISTS: { message: 'resource already exists', retry: 'never' },
  CLI_CONFLICT: { message: 'update conflict', retry: 'resync' },
  CLI_EXPIRED: { message: 'the revision is no longer kept', retry: 'resync' },
  CLI_TIMEOUT: { message: 'what was waited for did not come in time', retry: 'later' },
  CLI_DENIED: { message: 'the API server refused our identity', retry: 'never' },
  CLI_UNREACHABLE: { message: 'the API server cannot be reached', retry: 'later' },
  CLI_FAILED: { message: 'the request failed', retry: 'never' },
  CLI_VERSION_MISMATCH: { message: 'client and cluster run different releases', retry: 'never' },
});

export type CliErrorCode = keyof typeof cliErrors.rows;

/** Exit codes: what a script can tell apart. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  partial: 3,
  notFound: 4,
  conflict: 5,
  unreachable: 6,
  timeout: 7,
} as const;

/** An error of the catalogue whose text is `message`, word for word. */
export function cliError(code: CliErrorCode, message: string, details: Record<string, unknown> = {}): AppError {
  return new AppError(code, message, { retry: cliErrors.rows[code].retry, details });
}

/** A mistake in the command line: exit code 2. */
export function usageError(message: string): AppError {
  return cliError('CLI_USAGE', message);
}

/** The store's own codes are those of commands that open it themselves. */
const exitCodeByError: Partial<Record<CliErrorCode | 'STORE_UNAVAILABLE' | 'RESTORE_NOT_EMPTY', number>> = {
  CLI_USAGE: exitCodes.usage,
  CLI_NOT_FOUND: exitCodes.notFound,
  CLI_EXISTS: exitCodes.conflict,
  CLI_CONFLICT: exitCodes.conflict,
  CLI_UNREACHABLE: exitCodes.unreachable,
  CLI_TIMEOUT: exitCodes.timeout,
  STORE_UNAVAILABLE: exitCodes.unreachable,
  RESTORE_NOT_EMPTY: exitCodes.conflict,
};

/** The exit code of one error; anything outside the catalogue is a plain failure. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof AppError)) return exitCodes.failure;
  return exitCodeByError[error.code as CliErrorCode] ?? exitCodes.failure;
}

/** The exit code of a run over several objects: their common code, `partial` when some worked, else a failure. */
export function exitCodeOfAll(errors: readonly unknown[], workedCount: number): number {
  if (errors.length === 0) return exitCodes.ok;
  if (workedCount > 0) return exitCodes.partial;
  const codes = new Set(errors.map(exitCodeOf));
  const [first] = codes;
  return codes.size === 1 && first !== undefined ? first : exitCodes.failure;
}

/** The text shown for an error: its message alone, never a stack trace. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
