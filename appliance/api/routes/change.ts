/** Create, replace, patch and apply. The answer is sent after the commit. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WriteOptions } from '../../datastore/resources/write.ts';
import type { Problem } from '../../lib/problem.ts';
import { checkFieldManager, defaultFieldManager } from '../../resources/apply/field-manager.ts';
import { decodeResource, unknownFields } from '../../resources/decode.ts';
import type { KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import type { ApiContext } from '../context.ts';
import { formOf } from '../encode/form.ts';
import { apiErrors } from '../errors.ts';
import { applyJsonPatch } from '../patch/json-patch.ts';
import { applyMergePatch } from '../patch/merge-patch.ts';
import { refuseDirectives } from '../patch/strategic.ts';
import { accessTo, requireVerb } from '../plugins/access.ts';
import { commitsOf } from '../plugins/audit.ts';
import {
  applyPatchType,
  contentTypeOf,
  jsonPatchType,
  mergePatchType,
  patchTypes,
  strategicPatchType,
} from '../plugins/bodies.ts';
import { parseAccept } from '../query/accept.ts';
import { parseFlag } from '../query/list-query.ts';
import { printWarnings } from '../warning-header.ts';
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
    if (contentTypeOf(request) === applyPatchType) return apply(kind, context, request, reply, admission);
    admission.refuseForce();
    const applyPatch = patchFunction(request);
    const change = (current: Resource) => {
      const changed = applyPatch(current, request.body);
      admission.admit(changed, 'update');
      return changed;
    };
    const patched = await context.resources.modify(targetOf(kind, request), change, admission.options);
    return answer(kind, context, request, reply, patched, admission.warnings);
  };
}

/** Server-side apply: 201 when the resource is made by it. */
async function apply(
  kind: KindDefinition,
  context: ApiContext,
  request: FastifyRequest,
  reply: FastifyReply,
  admission: Admission,
): Promise<FastifyReply> {
  const target = targetOf(kind, request);
  const { fieldManager = '', force } = queryOf(request);
  if (fieldManager === '') throw apiErrors.fail('API_PATCH_FAILED', 'fieldManager: is required to apply');
  const config = bodyFor(kind, request, target.name);
  const metadata = config.metadata as Record<string, unknown>;
  if (metadata.managedFields !== undefined && metadata.managedFields !== null)
    throw apiErrors.fail('API_BAD_REQUEST', 'metadata.managedFields must be absent from what is applied');
  admission.admitPart(config);
  const { resource, isMade } = await context.resources.apply(target, config, {
    ...admission.options,
    fieldManager,
    isForced: parseFlag('force', force),
    beforeMaking: () => requireVerb(request, 'create'),
  });
  return answer(kind, context, request, isMade ? reply.code(201) : reply, resource, admission.warnings);
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
  /** The same for a configuration, which need not be complete. */
  readonly admitPart: (config: unknown) => void;
  /** Only what is applied can be forced. */
  readonly refuseForce: () => void;
}

/** Without a `fieldValidation` of the client unknown fields are refused: nothing is lost unsaid. */
function admissionOf(request: FastifyRequest, subresource?: 'status'): Admission {
  const query = queryOf(request);
  const mode = query.fieldValidation ?? 'Strict';
  if (!['Strict', 'Warn', 'Ignore'].includes(mode))
    throw apiErrors.fail('API_BAD_REQUEST', `fieldValidation: "${mode}" is not a valid value`);
  const { fieldManager = '' } = query;
  const wrong = checkFieldManager(fieldManager);
  if (wrong !== undefined) throw apiErrors.fail('API_PATCH_FAILED', `fieldManager: ${wrong}`);
  const warnings: string[] = [];
  const warnOf = (unknown: readonly Problem[]) => warnings.splice(0, warnings.length, ...unknown.map(printUnknown));
  return {
    options: {
      unknownFields: mode === 'Strict' ? 'refuse' : 'drop',
      isDryRun: parseDryRun(query.dryRun === undefined ? [] : [query.dryRun]),
      onCommit: commitsOf(request),
      fieldManager: fieldManager === '' ? defaultFieldManager(request.headers['user-agent']) : fieldManager,
      admit: (next, current) => accessTo(request)?.admit(next, current),
      ...(subresource && { subresource }),
    },
    warnings,
    admit(body, operation) {
      const unknown = mode === 'Ignore' ? [] : unknownFields(body);
      if (mode === 'Strict') refuseUnknown(body, operation, unknown);
      warnOf(unknown);
    },
    admitPart(config) {
      const unknown = mode === 'Ignore' ? [] : unknownFields(config);
      if (mode === 'Strict' && unknown.length > 0) throw strictError(unknown);
      warnOf(unknown);
    },
    refuseForce() {
      if (query.force !== undefined) throw apiErrors.fail('API_PATCH_FAILED', 'force: is for apply patches only');
    },
  };
}

/** Unknown fields alone are a bad request, as in Kubernetes; beside other problems they are told with those. */
function refuseUnknown(body: unknown, operation: 'create' | 'update', unknown: readonly Problem[]): void {
  if (unknown.length === 0 || !decodeResource(body, operation, { unknownFields: 'drop' }).ok) return;
  throw strictError(unknown);
}

function strictError(unknown: readonly Problem[]) {
  const what = `strict decoding error: ${unknown.map(printUnknown).join(', ')}`;
  return apiErrors.fail('API_BAD_REQUEST', what, { details: { problems: unknown } });
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
  if (type !== mergePatchType && type !== strategicPatchType && type !== 'application/json')
    throw apiErrors.fail('API_UNSUPPORTED_MEDIA_TYPE', `${type}; a patch is one of ${patchTypes.join(', ')}`);
  if (type === strategicPatchType) refuseDirectives(request.body);
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
  const header = printWarnings([...warnings, ...(kind.warn?.(resource) ?? []).map(printWarning)]);
  if (header !== undefined) reply.header('warning', header);
  const form = formOf(parseAccept(request.headers.accept), kind, 'Object', context.now);
  return reply.type('application/json').send(form.one(resource));
}

function printWarning({ path, message }: Problem): string {
  return `${path}: ${message}`;
}
