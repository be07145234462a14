/** The part of a resource whose fields have owners: all but what identifies it and what the server keeps. Pure. */
import { type ObjectSchema, object, type Schema } from '../../lib/schema.ts';
import { type KindDefinition, membersOf } from '../define.ts';
import { metadataSchema } from '../metadata.ts';

/** Which part a write is about: kinds that keep their status apart have two. */
export type Part = 'all' | 'main' | 'status';

/** The schema of that part of the kind's resources. */
export function ownedSchema(kind: KindDefinition, part: Part): ObjectSchema {
  const { status, ...members } = membersOf(kind);
  const own: Record<string, Schema> = status === undefined ? {} : { status };
  if (part === 'status') return object(own);
  return object({ metadata: ownedMetadata, ...members, ...(part === 'all' ? own : {}) });
}

const ownedNames = ['generateName', 'labels', 'annotations', 'ownerReferences', 'finalizers'];

const ownedMetadata = object(
  Object.fromEntries(Object.entries(metadataSchema.properties).filter(([name]) => ownedNames.includes(name))),
);
