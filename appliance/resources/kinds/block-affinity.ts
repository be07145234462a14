/** BlockAffinity. Pure. Which block of addresses belongs to which host, as the API shows it. */

import type { Problem } from '../../lib/problem.ts';
import { always, described, object, oneOf, type ScalarSchema, text } from '../../lib/schema.ts';
import {
  ageTableColumn,
  nameColumn,
  nameTableColumn,
  specColumn,
  specTableColumn,
  wideTableColumn,
} from '../columns.ts';
import { defineKind } from '../define.ts';
import { cidrSchema } from '../fields/address.ts';
import type { Subject } from '../legible.ts';
import { problemOf } from '../read.ts';
import { apiVersion } from '../resource.ts';

/** A boolean that Calico's store keeps as a string. */
const storedAsText: ScalarSchema = {
  type: 'scalar',
  name: 'boolean',
  json: { type: 'boolean', default: false },
  read: (value) => {
    if (value === true || value === 'true') return { value: true };
    return value === false || value === 'false' || value === ''
      ? { value: false }
      : { message: 'must be true or false' };
  },
  write: (value) => String(value),
  zero: false,
};

export const blockAffinity = defineKind({
  kind: 'BlockAffinity',
  plural: 'blockaffinities',
  singular: 'blockaffinity',
  isNamespaced: false,
  aliases: [],
  shortNames: ['affinity', 'affinities'],
  description: 'Says that a block of addresses belongs to a host. Kept by the address manager.',
  spec: object(
    {
      state: described(
        'How far the claim or its release has come.',
        always(oneOf(['', 'confirmed', 'pending', 'pendingDeletion'])),
      ),
      node: described('Host the block belongs to.', always(text())),
      type: described('Whether a host or something virtual owns the block.', oneOf(['host', 'virtual'])),
      cidr: described('The block.', always(cidrSchema())),
      deleted: described('Set while the claim is being removed.', always(storedAsText)),
    },
    { required: ['node', 'cidr'] },
  ),
  check: checkDeleted,
  columns: {
    ps: [nameColumn, specColumn('CIDR', 'cidr'), specColumn('NODE', 'node')],
    wide: [nameColumn, specColumn('CIDR', 'cidr'), specColumn('NODE', 'node'), specColumn('STATE', 'state')],
  },
  tableColumns: [
    nameTableColumn,
    specTableColumn('CIDR', 'cidr', 'The block.'),
    specTableColumn('Node', 'node', 'Host the block belongs to.'),
    specTableColumn('Type', 'type', 'Whether a host or something virtual owns the block.'),
    wideTableColumn('State', 'How far the block is.', ({ spec }) => String(spec.state ?? '')),
    ageTableColumn,
  ],
  example: {
    kind: 'BlockAffinity',
    apiVersion,
    metadata: { name: 'node-7-10-77-3-64-26' },
    spec: { state: 'confirmed', node: 'node-7', type: 'host', cidr: '10.77.3.64/26', deleted: false },
  },
});

function checkDeleted({ spec }: Subject): Problem[] {
  return spec.deleted === true ? [problemOf('spec.deleted', 'must not be true', true)] : [];
}
