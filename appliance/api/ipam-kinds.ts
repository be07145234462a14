/**
 * IPAM's blocks and handles as objects that kubectl can get and list: the kinds Calico has for them in a Kubernetes datastore. They are written by
 * IPAM alone, never through these. Pure.
 */
import { attributeAt, type Block, handleOf, parseBlock, printBlock } from '../ipam/model/block.ts';
import { type Handle, parseHandle, printHandle } from '../ipam/model/handle.ts';

export interface IpamKind {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly list: 'blocks' | 'handles';
  readonly columns: readonly {
    readonly name: string;
    readonly type: 'string' | 'integer';
    readonly description: string;
  }[];
  /** Undefined for what nobody can read. `spec` is JSON text: sequence numbers are beyond what a double holds. */
  readonly read: (id: string, value: Uint8Array) => IpamObject | undefined;
}

export interface IpamObject {
  readonly name: string;
  readonly spec: string;
  /** Of the columns behind the name. */
  readonly cells: readonly (string | number)[];
}

export const ipamKinds: readonly IpamKind[] = [
  {
    kind: 'IPAMBlock',
    plural: 'ipamblocks',
    singular: 'ipamblock',
    list: 'blocks',
    columns: [
      { name: 'CIDR', type: 'string', description: 'The addresses of the block.' },
      { name: 'Affinity', type: 'string', description: 'The host the block belongs to.' },
      { name: 'In use', type: 'integer', description: 'How many of its addresses are given.' },
      { name: 'Free', type: 'integer', description: 'How many are not.' },
      { name: 'Handles', type: 'integer', description: 'How many owners have addresses of it.' },
    ],
    read(_id, value) {
      const parsed = parseBlock(value);
      if (!parsed.ok) return undefined;
      const block = parsed.value;
      return { name: block.cidr.replace(/[.:/]/g, '-'), spec: printBlock(block), cells: cellsOfBlock(block) };
    },
  },
  {
    kind: 'IPAMHandle',
    plural: 'ipamhandles',
    singular: 'ipamhandle',
    list: 'handles',
    columns: [
      { name: 'Handle', type: 'string', description: 'As its owner calls it.' },
      { name: 'Addresses', type: 'integer', description: 'How many it has.' },
      { name: 'Blocks', type: 'string', description: 'Of which blocks.' },
    ],
    read(id, value) {
      const handle = parseHandle(id, value);
      if (handle === undefined) return undefined;
      const spec = `{"handleID":${JSON.stringify(id)},${printHandle(handle).slice(1)}`;
      return { name: id.toLowerCase(), spec, cells: cellsOfHandle(handle) };
    },
  },
];

function cellsOfBlock(block: Block): (string | number)[] {
  const { cidr, affinity, allocations, unallocated } = block;
  const handles = new Set<string | undefined>();
  for (const ordinal of allocations.keys()) {
    const attribute = attributeAt(block, ordinal);
    if (attribute !== undefined) handles.add(handleOf(attribute));
  }
  const inUse = allocations.filter((index) => index !== null).length;
  return [cidr, affinity ?? '<none>', inUse, unallocated.length, handles.size];
}

function cellsOfHandle({ id, blocks }: Handle): (string | number)[] {
  const counts = [...blocks.values()].reduce((sum, count) => sum + count, 0);
  return [id, counts, [...blocks.keys()].join(',')];
}

/** The text of one object, beside the revision it is at. */
export function printIpamObject({ kind }: IpamKind, { name, spec }: IpamObject, revision: number): string {
  return `{"kind":"${kind}","apiVersion":"projectcalico.org/v3","metadata":${printMetadata(name, revision)},"spec":${spec}}`;
}

export function printMetadata(name: string, revision: number): string {
  return JSON.stringify({ name, resourceVersion: String(revision) });
}
