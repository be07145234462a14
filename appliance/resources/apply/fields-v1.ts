/** Sets of paths as `managedFields` keeps them (FieldsV1): a tree of elements, with "." where an inner node is a member itself. Pure. */
import { isRecord } from '../read.ts';
import { elementsOf, joinPath, type Path, parseElement } from './path.ts';

/** The paths somebody owns. */
export type FieldSet = ReadonlySet<Path>;

type Tree = Map<string, Tree>;

/** As the tree. The order of its members means nothing: the store sorts them. */
export function printFieldsV1(fields: FieldSet): Record<string, unknown> {
  const root: Tree = new Map();
  for (const path of fields) {
    let node = root;
    for (const element of elementsOf(path)) {
      const child: Tree = node.get(element) ?? new Map();
      node.set(element, child);
      node = child;
    }
    node.set('.', new Map());
  }
  root.delete('.');
  return printTree(root);
}

/** An own property, whatever its name; `.` stands only beside others. */
function printTree(tree: Tree): Record<string, unknown> {
  const members = [...tree].filter(([element]) => element !== '.' || tree.size > 1);
  return Object.fromEntries(members.map(([element, child]) => [element, printTree(child)]));
}

/** Deeper than any resource of ours. */
const depthMax = 64;

/** The set of a tree; undefined for what is no such tree. */
export function parseFieldsV1(value: unknown): FieldSet | undefined {
  const fields = new Set<Path>();
  return isRecord(value) && collect(value, '', 0, fields) ? fields : undefined;
}

function collect(tree: Record<string, unknown>, path: Path, depth: number, fields: Set<Path>): boolean {
  if (depth > depthMax) return false;
  const keys = Object.keys(tree);
  if (keys.length === 0 && path !== '') fields.add(path);
  return keys.every((key) => {
    const child = tree[key];
    if (!isRecord(child)) return false;
    if (key === '.') {
      if (path !== '') fields.add(path);
      return Object.keys(child).length === 0;
    }
    const element = parseElement(key);
    return element !== undefined && collect(child, joinPath(path, element), depth + 1, fields);
  });
}
