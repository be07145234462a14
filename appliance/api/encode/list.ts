/** A list as chunks of text: page by page, with pauses so that other requests get their turn. I/O (reads pages). */
import { setImmediate } from 'node:timers/promises';
import { entriesPerTurn, itemOf, type Page } from '../../datastore/resources/reader.ts';
import type { Entry } from '../../datastore/store.ts';
import type { Resource } from '../../resources/resource.ts';
import { printContinue } from '../query/continue-token.ts';
import type { Form } from './form.ts';

export interface ListStream {
  readonly form: Form;
  readonly matches: (resource: Resource) => boolean;
  /** 0: no limit. */
  readonly limit: number;
  /** The first page, read before anything is sent: its errors can still be told. */
  readonly first: Page;
  readonly pageAfter: (key: Buffer) => Promise<Page>;
}

/** The text of the list. What cannot be read is left out. */
export async function* printList(list: ListStream): AsyncGenerator<string> {
  let text = list.form.open;
  let count = 0;
  for (let page = list.first; ; page = await list.pageAfter(page.next)) {
    for (const [i, entry] of page.entries.entries()) {
      const resource = itemOf(entry)?.resource;
      if (resource !== undefined && list.matches(resource)) {
        text += `${count++ === 0 ? '' : ','}${list.form.item(resource)}`;
        if (count === list.limit) {
          yield text +
            list.form.close(metaOf(list.first, i + 1 < page.entries.length || page.next ? entry : undefined));
          return;
        }
      }
      if (i % entriesPerTurn === entriesPerTurn - 1) {
        yield text;
        text = '';
        await setImmediate();
      }
    }
    if (page.next === undefined) break;
  }
  yield text + list.form.close(metaOf(list.first, undefined));
}

/** `last` is the last entry given when there are more. */
function metaOf(first: Page, last: Entry | undefined) {
  const resourceVersion = String(first.revision);
  return last === undefined
    ? { resourceVersion }
    : { resourceVersion, continue: printContinue({ revision: first.revision, after: last.key }) };
}
