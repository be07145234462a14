/** Trouble as a Kubernetes `Status` object. Pure. Source: Kubernetes API conventions, response status kind. */
import type { Problem } from '../lib/problem.ts';
import { calicoGroup } from '../resources/define.ts';
import { kindOf } from '../resources/registry.ts';

export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly code: number;
}

/** Any error as a Status; what we do not know becomes an InternalError that says no more than it must. */
export function statusOf(error: unknown): Status {
  const { code, message, details } = describe(error);
  const row = rows[code];
  if (row === undefined) return failure(500, 'InternalError', 'internal error; see the log of the server', {});
  if (code === 'RESOURCE_INVALID') return invalidStatus(details);
  if (code === 'RESOURCE_NOT_FOUND') return failure(row[0], row[1], `${qualified(details)} not found`, whose(details));
  if (code === 'RESOURCE_EXISTS')
    return failure(row[0], row[1], `${qualified(details)} already exists`, whose(details));
  const text = typeof details.summary === 'string' ? details.summary : message;
  return failure(row[0], row[1], text, { ...whose(details), ...withCauses(details) });
}

/** The answer to a deletion. */
export function successStatus(details: Readonly<Record<string, unknown>>) {
  const { uid } = details;
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details: { ...whose(details), uid } };
}

/** HTTP status and reason by code of error. */
const rows: Readonly<Record<string, readonly [number, string]>> = {
  API_BAD_REQUEST: [400, 'BadRequest'],
  API_UNAUTHENTICATED: [401, 'Unauthorized'],
  API_FORBIDDEN: [403, 'Forbidden'],
  API_TOO_MANY_REQUESTS: [429, 'TooManyRequests'],
  API_NOT_READY: [503, 'ServiceUnavailable'],
  API_URL_TOO_LONG: [414, 'RequestURITooLong'],
  API_ACCESS_CHANGED: [410, 'Expired'],
  API_NO_SUCH_PATH: [404, 'NotFound'],
  API_METHOD_NOT_ALLOWED: [405, 'MethodNotAllowed'],
  API_NOT_ACCEPTABLE: [406, 'NotAcceptable'],
  API_UNSUPPORTED_MEDIA_TYPE: [415, 'UnsupportedMediaType'],
  API_PATCH_FAILED: [422, 'Invalid'],
  API_VERSION_TOO_LARGE: [504, 'Timeout'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, 'UnsupportedMediaType'],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'RequestEntityTooLarge'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'BadRequest'],
  FST_ERR_BAD_URL: [400, 'BadRequest'],
  PKI_BAD_REQUEST: [400, 'BadRequest'],
  PKI_NO_AUTHORITY: [501, 'NotImplemented'],
  ENROLMENT_REFUSED: [403, 'Forbidden'],
  STORE_CONFLICT: [409, 'Conflict'],
  RESOURCE_NOT_FOUND: [404, 'NotFound'],
  RESOURCE_EXISTS: [409, 'AlreadyExists'],
  RESOURCE_CONFLICT: [409, 'Conflict'],
  RESOURCE_FIELD_CONFLICT: [409, 'Conflict'],
  RESOURCE_IN_USE: [409, 'Conflict'],
  RESOURCE_INVALID: [422, 'Invalid'],
  RESOURCE_READ_ONLY: [405, 'MethodNotAllowed'],
  RESOURCE_PROTECTED: [403, 'Forbidden'],
  RESOURCE_UNREADABLE: [500, 'InternalError'],
  IPAM_BAD_REQUEST: [400, 'BadRequest'],
  IPAM_CONFIG_INVALID: [422, 'Invalid'],
  IPAM_NO_POOL: [404, 'NotFound'],
  IPAM_NOT_LOCKED: [409, 'Conflict'],
  IPAM_CONFLICT: [409, 'Conflict'],
  STORE_COMPACTED: [410, 'Expired'],
  STORE_WATCH_OVERFLOW: [410, 'Expired'],
  STORE_FUTURE_REVISION: [504, 'Timeout'],
  STORE_TOO_LARGE: [413, 'RequestEntityTooLarge'],
  STORE_UNAVAILABLE: [503, 'ServiceUnavailable'],
  STORE_CLOSED: [503, 'ServiceUnavailable'],
  STORE_DENIED: [503, 'ServiceUnavailable'],
};

function describe(error: unknown): { code: string; message: string; details: Readonly<Record<string, unknown>> } {
  const { code, message, details } = error as { code?: unknown; message?: unknown; details?: unknown };
  return {
    code: typeof code === 'string' ? code : '',
    message: typeof message === 'string' ? message : '',
    details: typeof details === 'object' && details !== null ? (details as Record<string, unknown>) : {},
  };
}

function invalidStatus(details: Readonly<Record<string, unknown>>): Status {
  const problems = problemsOf(details);
  const lines = problems.map((p) => (p.path === '' ? p.message : `${p.path}: ${p.message}`));
  const causes = withCauses(details);
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const kind = String(details.kind ?? '');
  const group = groupOf(kind);
  const message = `${qualify(kind, group)} "${details.name ?? ''}" is invalid: ${text}`;
  return failure(422, 'Invalid', message, { name: details.name, group, kind, ...causes });
}

function withCauses(details: Readonly<Record<string, unknown>>): { causes?: readonly StatusCause[] } {
  if (Array.isArray(details.causes)) return { causes: details.causes as StatusCause[] };
  const causes = problemsOf(details).map((problem) => ({
    reason: 'FieldValueInvalid',
    message: problem.message,
    field: problem.path,
  }));
  return causes.length === 0 ? {} : { causes };
}

function problemsOf(details: Readonly<Record<string, unknown>>): readonly Problem[] {
  return Array.isArray(details.problems) ? (details.problems as Problem[]) : [];
}

/** The resource an error is about, as `details` has it: the plural stands under `kind`. */
function whose(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (typeof details.kind !== 'string') return {};
  return { name: details.name, group: groupOf(details.kind), kind: kindOf(details.kind)?.plural ?? details.kind };
}

function qualified(details: Readonly<Record<string, unknown>>): string {
  const kind = String(details.kind);
  return `${qualify(kindOf(kind)?.plural ?? kind, groupOf(kind))} "${details.name}"`;
}

/** Of a kind that is not known, Calico's: it was asked for there. */
function groupOf(kind: string): string {
  return kindOf(kind)?.group ?? calicoGroup;
}

function qualify(word: string, group: string): string {
  return group === '' ? word : `${word}.${group}`;
}

export function failure(code: number, reason: string, message: string, details: Record<string, unknown>): Status {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, details, code };
}
