/**
 * Kubernetes' own kinds from protobuf: typed clients, `kubectl create namespace` among them, send them in no other form. Answers are JSON, which they read.
 * Pure. Source: the published `generated.proto` files of Kubernetes' API; Protocol Buffers documentation, "Encoding".
 */
import { apiErrors } from '../errors.ts';
import { readFields, readRepeated, textField } from './protobuf.ts';

/** Field number to name and form. */
type Message = Readonly<Record<number, Field>>;
type Field =
  | readonly [name: string, form: 'text' | 'texts' | 'flag' | 'map']
  | readonly [name: string, form: 'one' | 'many', of: Message]
  /** Of the server, whatever a client says. */
  | 'ignored';

const ownerReference: Message = {
  1: ['kind', 'text'],
  3: ['name', 'text'],
  4: ['uid', 'text'],
  5: ['apiVersion', 'text'],
  6: ['controller', 'flag'],
  7: ['blockOwnerDeletion', 'flag'],
};
const metadata: Message = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  4: 'ignored',
  5: ['uid', 'text'],
  6: ['resourceVersion', 'text'],
  7: 'ignored',
  8: 'ignored',
  9: 'ignored',
  10: 'ignored',
  11: ['labels', 'map'],
  12: ['annotations', 'map'],
  13: ['ownerReferences', 'many', ownerReference],
  14: ['finalizers', 'texts'],
  15: 'ignored',
  17: 'ignored',
};
const reference: Message = {
  1: ['kind', 'text'],
  2: ['namespace', 'text'],
  3: ['name', 'text'],
  4: ['uid', 'text'],
  5: ['apiVersion', 'text'],
  6: ['resourceVersion', 'text'],
  7: ['fieldPath', 'text'],
};
const rule: Message = {
  1: ['verbs', 'texts'],
  2: ['apiGroups', 'texts'],
  3: ['resources', 'texts'],
  4: ['resourceNames', 'texts'],
  5: ['nonResourceURLs', 'texts'],
};
const role: Message = { 1: ['metadata', 'one', metadata], 2: ['rules', 'many', rule] };
const binding: Message = {
  1: ['metadata', 'one', metadata],
  2: [
    'subjects',
    'many',
    { 1: ['kind', 'text'], 2: ['apiGroup', 'text'], 3: ['name', 'text'], 4: ['namespace', 'text'] },
  ],
  3: ['roleRef', 'one', { 1: ['apiGroup', 'text'], 2: ['kind', 'text'], 3: ['name', 'text'] }],
};

const messages: Readonly<Record<string, Message>> = {
  Namespace: { 1: ['metadata', 'one', metadata], 2: ['spec', 'one', { 1: ['finalizers', 'texts'] }], 3: 'ignored' },
  ServiceAccount: {
    1: ['metadata', 'one', metadata],
    2: ['secrets', 'many', reference],
    3: ['imagePullSecrets', 'many', { 1: ['name', 'text'] }],
    4: ['automountServiceAccountToken', 'flag'],
  },
  Role: role,
  ClusterRole: { ...role, 3: ['aggregationRule', 'one', { 1: 'ignored' }] },
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  DeleteOptions: {
    1: 'ignored',
    2: ['preconditions', 'one', { 1: ['uid', 'text'], 2: ['resourceVersion', 'text'] }],
    3: 'ignored',
    4: 'ignored',
    5: ['dryRun', 'texts'],
  },
};

const magic = Buffer.from('k8s\0');

/** The object in a body; undefined for an empty one. API_BAD_REQUEST when it is none we know. */
export function readProtobuf(body: Buffer): Record<string, unknown> | undefined {
  if (body.length === 0) return undefined;
  if (!body.subarray(0, magic.length).equals(magic)) throw bad('the body does not begin as Kubernetes’ protobuf does');
  const envelope = readFields(body.subarray(magic.length));
  const type = readFields(envelope.get(1) ?? Buffer.alloc(0));
  const [apiVersion, kind] = [textField(type, 1), textField(type, 2)];
  const message = Object.hasOwn(messages, kind) ? messages[kind]! : undefined;
  if (message === undefined) throw bad(`objects of kind ${JSON.stringify(kind)} are not read from protobuf`);
  const members = readMessage(message, envelope.get(2) ?? Buffer.alloc(0), kind);
  return kind === 'DeleteOptions' ? members : { kind, apiVersion, ...members };
}

function readMessage(message: Message, bytes: Buffer, path: string): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [number, values] of readRepeated(bytes)) {
    const field = message[number];
    if (field === undefined) throw bad(`${path}: has a field of number ${number}, which is not known here`);
    if (field === 'ignored') continue;
    const value = readField(field, values, `${path}.${field[0]}`);
    // an empty text is the absence of one
    if (value !== '') out[field[0]] = value;
  }
  return out;
}

function readField(field: Exclude<Field, 'ignored'>, values: readonly (Buffer | number)[], path: string): unknown {
  const last = values.at(-1)!;
  if (field[1] === 'flag') {
    if (typeof last !== 'number') throw bad(`${path}: must be true or false`);
    return last !== 0;
  }
  const buffers = values.map((value) => {
    if (typeof value === 'number') throw bad(`${path}: must not be a number`);
    return value;
  });
  switch (field[1]) {
    case 'text':
      return buffers.at(-1)!.toString();
    case 'texts':
      return buffers.map((value) => value.toString());
    case 'map':
      return Object.fromEntries(buffers.map(readFields).map((entry) => [textField(entry, 1), textField(entry, 2)]));
    case 'one':
      return readMessage(field[2], buffers.at(-1)!, path);
    case 'many':
      return buffers.map((value, i) => readMessage(field[2], value, `${path}[${i}]`));
  }
}

function bad(message: string) {
  return apiErrors.fail('API_BAD_REQUEST', message);
}
