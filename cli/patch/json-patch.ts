/** JSON Patch (RFC 6902) with JSON Pointers (RFC 6901): a list of operations, all or nothing. Pure; the target is not changed. */
import { isDeepStrictEqual } from 'node:util';

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string;
  readonly value?: unknown;
}

type Container = Record<string, unknown> | unknown[];

/** The document after all operations. Throws an Error that names the operation that does not fit. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new Error('a JSON patch is a list of operations');
  const root: Record<string, unknown> = { '': structuredClone(document) };
  patch.forEach((operation: unknown, index) => {
    try {
      applyOperation(root, checkOperation(operation));
    } catch (error) {
      throw new Error(`operation ${index}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  });
  return root[''];
}

function checkOperation(operation: unknown): Operation {
  const { op, path, from } = (operation ?? {}) as Partial<Operation>;
  if (typeof op !== 'string' || typeof path !== 'string') throw new Error('needs op and path');
  if ((op === 'move' || op === 'copy') && typeof from !== 'string') throw new Error(`${op} needs from`);
  if (['add', 'replace', 'test'].includes(op) && !Object.hasOwn(operation as object, 'value')) {
    throw new Error(`${op} needs value`);
  }
  return operation as Operation;
}

function applyOperation(root: Record<string, unknown>, { op, path, from = '', value }: Operation): void {
  if (op === 'add') add(root, path, structuredClone(value));
  else if (op === 'remove') remove(root, path);
  else if (op === 'replace') replace(root, path, structuredClone(value));
  else if (op === 'move') move(root, from, path);
  else if (op === 'copy') add(root, path, structuredClone(read(root, from)));
  else if (op === 'test') test(root, path, value);
  else throw new Error(`unknown operation '${op}'`);
}

function read(root: Record<string, unknown>, path: string): unknown {
  const { parent, key } = locate(root, path);
  return child(parent, key, path);
}

function add(root: Record<string, unknown>, path: string, value: unknown): void {
  const { parent, key } = locate(root, path);
  if (!Array.isArray(parent)) parent[key] = value;
  else parent.splice(key === '-' ? parent.length : indexOf(key, parent.length, path), 0, value);
}

function move(root: Record<string, unknown>, from: string, path: string): void {
  if (path.startsWith(`${from}/`)) throw new Error(`cannot move ${from} into itself`);
  add(root, path, remove(root, from));
}

function test(root: Record<string, unknown>, path: string, value: unknown): void {
  if (!isDeepStrictEqual(read(root, path), value)) throw new Error(`test failed: ${path} has another value`);
}

function replace(root: Record<string, unknown>, path: string, value: unknown): void {
  const { parent, key } = locate(root, path);
  child(parent, key, path);
  (parent as Record<string, unknown>)[key] = value;
}

function remove(root: Record<string, unknown>, path: string): unknown {
  const { parent, key } = locate(root, path);
  const value = child(parent, key, path);
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
  return value;
}

/** The container a pointer ends in and the last key; the document itself is the member '' of the root. */
function locate(root: Record<string, unknown>, path: string): { parent: Container; key: string } {
  if (path !== '' && !path.startsWith('/')) throw new Error(`'${path}' is not a JSON pointer`);
  const keys = path.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let parent: unknown = root;
  for (const key of keys) parent = child(parent, key, path);
  if (typeof parent !== 'object' || parent === null) throw new Error(`${path}: there is nothing to descend into`);
  return { parent: parent as Container, key: last };
}

function child(parent: unknown, key: string, path: string): unknown {
  if (Array.isArray(parent)) return parent[indexOf(key, parent.length - 1, path)];
  if (typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key)) {
    return (parent as Record<string, unknown>)[key];
  }
  throw new Error(`${path} does not exist`);
}

function indexOf(key: string, max: number, path: string): number {
  if (!/^(?:0|[1-9]\d*)$/.test(key) || Number(key) > max) throw new Error(`${path}: no such place in the list`);
  return Number(key);
}
