/** JSON Patch. Pure. Source: RFC 6902, with pointers as in RFC 6901. */
import { isDeepStrictEqual } from 'node:util';
import { apiErrors } from '../errors.ts';

/** `target` after all operations; API_BAD_REQUEST for what is no patch, API_PATCH_FAILED for what does not apply. */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw apiErrors.fail('API_BAD_REQUEST', 'a JSON patch is a list of operations');
  if (patch.length > operationsMax)
    throw apiErrors.fail('API_BAD_REQUEST', `a JSON patch has at most ${operationsMax} operations`);
  const root: Root = { value: structuredClone(target), copied: 0 };
  patch.forEach((operation, i) => {
    applyOperation(root, operation, i);
  });
  return root.value;
}

/** As in Kubernetes. */
const operationsMax = 10_000;

/** All copies of a patch together: without a limit a short patch could double an object again and again. */
const copiedLettersMax = 8 * 1024 * 1024;

interface Root {
  value: unknown;
  /** Letters of JSON that were copied so far. */
  copied: number;
}

function applyOperation(root: Root, operation: unknown, index: number): void {
  const { op, path, from, value } = (operation ?? {}) as Record<string, unknown>;
  const at = `operation ${index} (${String(op)} ${String(path)})`;
  const apply = typeof op === 'string' && Object.hasOwn(operations, op) ? operations[op] : undefined;
  if (apply === undefined) throw apiErrors.fail('API_BAD_REQUEST', `${at}: no such operation`);
  apply(root, { to: parsePointer(path, at), from: () => parsePointer(from, at), value: () => given(value, at), at });
}

interface Arguments {
  readonly to: readonly string[];
  readonly from: () => readonly string[];
  readonly value: () => unknown;
  /** For messages. */
  readonly at: string;
}

const operations: Readonly<Record<string, (root: Root, given: Arguments) => void>> = {
  add: (root, { to, value, at }) => add(root, to, value(), at),
  remove: (root, { to, at }) => void remove(root, to, at),
  replace: (root, { to, value, at }) => replace(root, to, value(), at),
  move: (root, { to, from, at }) => move(root, from(), to, at),
  copy: (root, { to, from, at }) => add(root, to, copied(root, read(root, from(), at), at), at),
  test: (root, { to, value, at }) => {
    if (!isDeepStrictEqual(read(root, to, at), value()))
      throw apiErrors.fail('API_PATCH_FAILED', `${at}: the value is another`);
  },
};

function copied(root: Root, value: unknown, at: string): unknown {
  const text = JSON.stringify(value);
  root.copied += text.length;
  if (root.copied > copiedLettersMax) throw apiErrors.fail('API_PATCH_FAILED', `${at}: the patch copies too much`);
  return JSON.parse(text);
}

function parsePointer(pointer: unknown, at: string): string[] {
  if (typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/')))
    throw apiErrors.fail('API_BAD_REQUEST', `${at}: not a JSON pointer`);
  const tokens = pointer.split('/').slice(1);
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** JSON has no undefined: what is undefined was not there. */
function given(value: unknown, at: string): unknown {
  if (value === undefined) throw apiErrors.fail('API_BAD_REQUEST', `${at}: no value`);
  return value;
}

function read(root: Root, path: readonly string[], at: string): unknown {
  let value = root.value;
  for (const token of path) value = member(value, token, at);
  return value;
}

function add(root: Root, path: readonly string[], value: unknown, at: string): void {
  const last = path.at(-1);
  if (last === undefined) {
    root.value = value;
    return;
  }
  const parent = read(root, path.slice(0, -1), at);
  if (Array.isArray(parent)) parent.splice(last === '-' ? parent.length : position(last, parent.length, at), 0, value);
  else define(objectAt(parent, at), last, value);
}

function remove(root: Root, path: readonly string[], at: string): unknown {
  const last = path.at(-1);
  if (last === undefined) throw apiErrors.fail('API_PATCH_FAILED', `${at}: the whole resource cannot be removed`);
  const parent = read(root, path.slice(0, -1), at);
  const value = member(parent, last, at);
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else delete objectAt(parent, at)[last];
  return value;
}

function replace(root: Root, path: readonly string[], value: unknown, at: string): void {
  if (path.length > 0) remove(root, path, at);
  add(root, path, value, at);
}

function move(root: Root, from: readonly string[], to: readonly string[], at: string): void {
  const isInside = from.length < to.length && from.every((token, i) => token === to[i]);
  if (isInside) throw apiErrors.fail('API_PATCH_FAILED', `${at}: moved into itself`);
  add(root, to, remove(root, from, at), at);
}

function member(parent: unknown, token: string, at: string): unknown {
  if (Array.isArray(parent)) return parent[position(token, parent.length - 1, at)];
  const object = objectAt(parent, at);
  if (!Object.hasOwn(object, token)) throw apiErrors.fail('API_PATCH_FAILED', `${at}: there is no "${token}"`);
  return object[token];
}

function position(token: string, max: number, at: string): number {
  const index = /^(0|[1-9]\d*)$/.test(token) ? Number(token) : Number.NaN;
  if (index <= max) return index;
  throw apiErrors.fail('API_PATCH_FAILED', `${at}: there is no element "${token}"`);
}

function objectAt(value: unknown, at: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw apiErrors.fail('API_PATCH_FAILED', `${at}: its parent is not an object`);
}

/** An own property, whatever its name. */
function define(object: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
}
