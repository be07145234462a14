/**
 * Watch events as lines of JSON, and what a change means to a client with a selector. A change is printed once in a form, and the bytes are
 * shared by all clients that want it so. Pure.
 */
import type { ResourceChange } from '../../datastore/resources/watch.ts';
import type { Resource } from '../../resources/resource.ts';
import { statusOf } from '../status.ts';
import type { Form } from './form.ts';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED';

/** One line. */
export function printEvent(type: WatchEventType | 'BOOKMARK' | 'ERROR', object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}

/** The line for an error that ends the stream. */
export function printWatchError(error: unknown): string {
  return printEvent('ERROR', JSON.stringify(statusOf(error)));
}

/** Lines by change; they last as long as somebody has the change in hand. */
const lines = new WeakMap<ResourceChange, Map<string, Buffer>>();

/**
 * The line for a change, or undefined when the client's selection is not touched: entering it is an addition,
 * leaving it a deletion. A deletion carries the object as it was last selected, at the revision of the change.
 */
export function printChange(
  change: ResourceChange,
  matches: (resource: Resource) => boolean,
  form: Form,
): Buffer | undefined {
  const { now, before } = change;
  const wasSelected = before !== undefined && matches(before);
  if (now !== undefined && matches(now)) return lineOf(change, wasSelected ? 'MODIFIED' : 'ADDED', now, form);
  return wasSelected ? lineOf(change, 'DELETED', atRevision(before, change), form) : undefined;
}

function lineOf(change: ResourceChange, type: WatchEventType, object: Resource, form: Form): Buffer {
  if (form.share === undefined) return Buffer.from(printEvent(type, form.one(object)));
  const known = lines.get(change) ?? new Map<string, Buffer>();
  lines.set(change, known);
  const name = `${form.share} ${type}`;
  const line = known.get(name) ?? Buffer.from(printEvent(type, form.one(object)));
  known.set(name, line);
  return line;
}

function atRevision(resource: Resource, { revision }: ResourceChange): Resource {
  return { ...resource, metadata: { ...resource.metadata, resourceVersion: String(revision) } };
}
