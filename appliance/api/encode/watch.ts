/** Watch events as lines of JSON, and what a change means to a client with a selector. Pure. */
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

/**
 * The line for a change, or an empty text when the client's selection is not touched: entering it is an addition,
 * leaving it a deletion. A deletion carries the object as it was last selected, at the revision of the change.
 */
export function printChange(change: ResourceChange, matches: (resource: Resource) => boolean, form: Form): string {
  const { now, before, revision } = change;
  const wasSelected = before !== undefined && matches(before);
  if (now !== undefined && matches(now)) return printEvent(wasSelected ? 'MODIFIED' : 'ADDED', form.one(now));
  if (!wasSelected) return '';
  const last = { ...before, metadata: { ...before.metadata, resourceVersion: String(revision) } };
  return printEvent('DELETED', form.one(last));
}
