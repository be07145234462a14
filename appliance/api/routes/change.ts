/** Create, replace and patch. The answer is sent after the commit. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WriteOptions } from '../../datastore/resources/write.ts';
import type { Problem } from '../../lib/problem.ts';
import { decodeResource, unknownFields } from '../../resources/decode.ts';
import type { KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import type { ApiContext } from '../context.ts';
import { formOf } from '../encode/form.ts';
import { apiErrors } from '../errors.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { commitsOf } from '../plugins/audit.ts';
import { contentTypeOf, jsonPatchType, mergePatchType, strategicPatchType } from '../plugins/bodies.ts';
import { parseAccept } from '../query/accept.ts';
import { bodyFor, type Handler, isObject, queryOf, targetOf } from './target.ts';

/** POST: 201 with the new resource. */
export function createHandler(kind: KindDefinition, context: ApiContext): Handler {
  return async (request, reply) => {
    const admission = admissionOf(request);
    const body = withGeneratedName(bodyFor(kind, request), context);
    admission.admit(body, 'create');
    const created = await context.resources.create(body, admission.options);
    return answer(kind, context, request, reply.code(201), created, admission.warnings);
  };
}

/** PUT: the resource is replaced as a whole; the body names the version it was made from. */
export function replaceHandler(kind: KindDefinition, context: ApiContext, subresource?: 'status'): Handler {
  return async (request, reply) => {
    const target = targetOf(kind, request);
    const admission = admissionOf(request, subresource);
    const body = bodyFor(kind, request, target.name);
    admission.admit(body, 'update');
    const replaced = await context.resources.update(target, body, admission.options);
    return answer(kind, context, request, reply, replaced, admission.warnings);
  };
}

/** PATCH: the resource as it is now is changed; again when somebody else was faster. */
export function patchHandler(kind: KindDefinition, context: ApiContext, subresource?: 'status'): Handler {
  return async (request, reply) => {
    const admission = admissionOf(request, subresource);
    const apply = patchFunction(request);
    const change = (current: Resource) => {
      const changed = apply(current, request.body);
      admission.admit(changed, 'update');
      return changed;
    };
    const patched = await context.resources.modify(targetOf(kind, request), change, admission.options);
    return answer(kind, context, request, reply, patched, admission.warnings);
  };
}

/** True for `dryRun=All`; API_BAD_REQUEST for anything else that is not absent. */
export function parseDryRun(values: readonly unknown[]): boolean {
  const wrong = values.find((value) => value !== 'All');
  if (wrong !== undefined) throw apiErrors.fail('API_BAD_REQUEST', `dryRun: "${wrong}" is not a valid value`);
  return values.length > 0;
}

/** How a write is to be taken, and what is to be told besides its result. */
interface Admission {
  readonly options: WriteOptions;
  readonly warnings: string[];
  /** Refuses or notes unknown fields, as the client wants. */
  readonly admit: (body: unknown, operation: 'create' | 'update') => void;
}

/** Without a `fieldValidation` of the client unknown fields are refused: nothing is lost unsaid. */
function admissionOf(request: FastifyRequest, subresource?: 'status'): Admission {
  const query = queryOf(request);
  const mode = query.fieldValidation ?? 'Strict';
  if (!['Strict', 'Warn', 'Ignore'].includes(mode))
    throw apiErrors.fail('API_BAD_REQUEST', `fieldValidation: "${mode}" is not a valid value`);
  const warnings: string[] = [];
  return {
    options: {
      unknownFields: mode === 'Strict' ? 'refuse' : 'drop',
      isDryRun: parseDryRun(query.dryRun === undefined ? [] : [query.dryRun]),
      onCommit: commitsOf(request),
      ...(subresource && { subresource }),
    },
    warnings,
    admit(body, operation) {
      const unknown = mode === 'Ignore' ? [] : unknownFields(body);
      if (mode === 'Strict') refuseUnknown(body, operation, unknown);
      warnings.splice(0, warnings.length, ...unknown.map(printUnknown));
    },
  };
}

/** Unknown fields alone are a bad request, as in Kubernetes; beside other problems they are told with those. */
function refuseUnknown(body: unknown, operation: 'create' | 'update', unknown: readonly Problem[]): void {
  if (unknown.length === 0 || !decodeResource(body, operation, { unknownFields: 'drop' }).ok) return;
  const what = `strict decoding error: ${unknown.map(printUnknown).join(', ')}`;
  throw apiErrors.fail('API_BAD_REQUEST', what, { details: { problems: unknown } });
}

function printUnknown(problem: Problem): string {
  return `unknown field "${problem.path}"`;
}

function withGeneratedName(body: Record<string, unknown>, context: ApiContext): Record<string, unknown> {
  const metadata = body.metadata as Record<string, unknown>;
  const { generateName, ...rest } = metadata;
  if (typeof generateName !== 'string' || generateName === '' || isGiven(rest.name)) return body;
  return { ...body, metadata: { ...rest, generateName, name: `${generateName}${context.nameSuffix()}` } };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== '';
}

function patchFunction(request: FastifyRequest): (target: unknown, patch: unknown) => unknown {
  const type = contentTypeOf(request);
  if (type === jsonPatchType) return applyJsonPatch;
  // the lists of our kinds have no merge keys: a strategic patch is a merge patch
  if (type !== mergePatchType && type !== strategicPatchType && type !== 'application/json')
    throw apiErrors.fail('API_UNSUPPORTED_MEDIA_TYPE', type);
  if (!isObject(request.body)) throw apiErrors.fail('API_BAD_REQUEST', 'a merge patch is an object');
  return applyMergePatch;
}

function answer(
  kind: KindDefinition,
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  resource: Resource,
  warnings: readonly string[],
): FastifyReply {
  if (warnings.length > 0)
    reply.header('warning', warnings.map((warning) => `299 - ${JSON.stringify(warning)}`).slice(0, warningsMax));
  const form = formOf(parseAccept(request.headers.accept), kind, 'Object', context.now);
  return reply.type('application/json').send(form.one(resource));
}

/** Headers are no place for thousands of them. */
const warningsMax = 20;
