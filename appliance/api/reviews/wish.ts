/** What a SelfSubjectAccessReview asks, from JSON and from protobuf. Pure. Source: Kubernetes API reference, authorization.k8s.io/v1. */
import type { Identity } from '../../access/identity.ts';
import type { Attributes } from '../../access/rule.ts';
import { isRecord } from '../../lib/is-record.ts';
import { apiErrors } from '../errors.ts';
import { type Fields, readEnvelope, readFields, readRepeated, textField } from './protobuf.ts';

/** The attributes asked about; API_BAD_REQUEST when there are none. */
export function readWish(body: unknown): Attributes {
  const wish = Buffer.isBuffer(body) ? wishOfProtobuf(readEnvelope(body)) : wishOfJson(body);
  if (wish !== undefined) return wish;
  throw apiErrors.fail(
    'API_BAD_REQUEST',
    'spec: exactly one of resourceAttributes and nonResourceAttributes is needed',
  );
}

function wishOfJson(body: unknown): Attributes | undefined {
  const spec = isRecord(body) && isRecord(body.spec) ? body.spec : {};
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec;
  if (isRecord(resource) === isRecord(path)) return undefined;
  const from = isRecord(resource) ? resource : (path as Record<string, unknown>);
  const text = (name: string) => (typeof from[name] === 'string' ? from[name] : '');
  return isRecord(resource) ? resourceWish(text) : pathWish(text);
}

const resourceFields = ['', 'namespace', 'verb', 'group', 'version', 'resource', 'subresource', 'name'];
const pathFields = ['', 'path', 'verb'];

function wishOfProtobuf(review: Fields): Attributes | undefined {
  const spec = readFields(review.get(2) ?? Buffer.alloc(0));
  const [resource, path] = [spec.get(1), spec.get(2)];
  if ((resource === undefined) === (path === undefined)) return undefined;
  const fields = readFields((resource ?? path)!);
  if (resource !== undefined) return resourceWish((name) => textField(fields, resourceFields.indexOf(name)));
  return pathWish((name) => textField(fields, pathFields.indexOf(name)));
}

function resourceWish(text: (name: string) => string): Attributes {
  const [verb, group, resource] = [text('verb'), text('group'), text('resource')];
  const [subresource, namespace, name] = [text('subresource'), text('namespace'), text('name')];
  return { type: 'resource', verb, group, resource, subresource, namespace, name };
}

function pathWish(text: (name: string) => string): Attributes {
  return { type: 'path', verb: text('verb'), path: text('path') };
}

/** The namespace a rules review is about. */
export function readNamespace(body: unknown): string {
  if (Buffer.isBuffer(body)) return textField(specOf(body), 1);
  const spec = isRecord(body) && isRecord(body.spec) ? body.spec : {};
  return typeof spec.namespace === 'string' ? spec.namespace : '';
}

/** Whom a review of another is about. API_BAD_REQUEST when it names nobody. */
export function readSubject(body: unknown): Identity {
  const { user, groups } = Buffer.isBuffer(body) ? subjectOfProtobuf(body) : subjectOfJson(body);
  if (user === '' && groups.length === 0)
    throw apiErrors.fail('API_BAD_REQUEST', 'spec: at least one of user and groups is needed');
  return { user, groups, proof: 'socket' };
}

function subjectOfProtobuf(body: Buffer) {
  const spec = readRepeated(envelopeField(body, 2));
  const texts = (number: number) => (spec.get(number) ?? []).map(String);
  return { user: texts(3).at(-1) ?? '', groups: texts(4) };
}

function subjectOfJson(body: unknown) {
  const spec = isRecord(body) && isRecord(body.spec) ? body.spec : {};
  const groups = Array.isArray(spec.groups) ? spec.groups.filter((group) => typeof group === 'string') : [];
  return { user: typeof spec.user === 'string' ? spec.user : '', groups };
}

function specOf(body: Buffer): Fields {
  return readFields(envelopeField(body, 2));
}

function envelopeField(body: Buffer, number: number): Buffer {
  return readEnvelope(body).get(number) ?? Buffer.alloc(0);
}
