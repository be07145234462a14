/** The Table form: what `kubectl get` prints. Columns come from the kind. Pure. */
import type { KindDefinition, TableColumn } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { printAge } from './age.ts';
import { type Form, type ListMeta, partialObject } from './form.ts';

/** Tables of a kind; `includeObject` says how much of each resource goes along with its row, `now` what ages are told from. */
export function tableForm(
  kind: KindDefinition,
  includeObject: 'None' | 'Metadata' | 'Object',
  now: () => number,
): Form {
  const columns = columnsOf(kind);
  const definitions = JSON.stringify(columns.map(defineColumn));
  const open = `{"kind":"Table","apiVersion":"meta.k8s.io/v1","columnDefinitions":${definitions},"rows":[`;
  const item = (resource: Resource) =>
    JSON.stringify({
      cells: columns.map((column) => cellOf(column, resource, now())),
      object: carried(resource, includeObject),
    });
  const close = (metadata: ListMeta) => `],"metadata":${JSON.stringify(metadata)}}`;
  const one = (resource: Resource) =>
    `${open}${item(resource)}${close({ resourceVersion: resource.metadata.resourceVersion ?? '' })}`;
  // a table without rows is not printed, so bookmarks stay invisible
  return { one, open, item, close, bookmark: (resourceVersion) => `${open}${close({ resourceVersion })}` };
}

const nameColumn: TableColumn = {
  name: 'Name',
  type: 'string',
  description: 'Name of the object, unique among those of its kind (and namespace).',
  priority: 0,
  cell: (resource) => resource.metadata.name,
};

function columnsOf(kind: KindDefinition): readonly TableColumn[] {
  return kind.tableColumns.some((column) => column.name === 'Name')
    ? kind.tableColumns
    : [nameColumn, ...kind.tableColumns];
}

/** Clients print what they are given: a date is told as an age. */
function cellOf(column: TableColumn, resource: Resource, nowMs: number): string | number | boolean | null {
  const cell = column.cell(resource);
  return column.type === 'date' && typeof cell === 'string' ? printAge(cell, nowMs) : cell;
}

function defineColumn({ name, type, description, priority }: TableColumn) {
  return { name, type, format: name === 'Name' ? 'name' : '', description, priority };
}

function carried(resource: Resource, includeObject: 'None' | 'Metadata' | 'Object'): object | undefined {
  if (includeObject === 'None') return undefined;
  return includeObject === 'Object' ? resource : partialObject(resource);
}
