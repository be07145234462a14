/**
 * Reads all keys of some prefixes at one revision, page by page, the next page being on its way while one is worked on.
 * Values are fetched only where they are news, so a list after an outage costs keys, not contents. I/O.
 */
import { prefixRange } from './prefixes.ts';
import type { Entry, RangeResult, Revision, Store } from './store.ts';

export interface ListOptions {
  readonly store: Store;
  readonly prefixes: readonly Buffer[];
  /** Read keys first, and the values of those only that `isNews` picks. */
  readonly keysFirst: boolean;
  isNews(key: string, modRevision: Revision): boolean;
}

export interface ListPage {
  /** The revision all pages are read at. */
  readonly revision: Revision;
  /** Every key of the page. */
  readonly keys: readonly string[];
  /** The entries that are news, with their values. */
  readonly news: readonly { readonly key: string; readonly entry: Entry }[];
}

const PAGE_KEYS = 500;
/** Single reads in one transaction; servers refuse many more. */
const READS_PER_TXN = 100;

/** Lists `prefixes`; errors are the store's, STORE_COMPACTED among them when compaction overtakes a slow reader. */
export async function* listPrefixes(options: ListOptions): AsyncGenerator<ListPage> {
  let revision: Revision | undefined;
  for (const prefix of options.prefixes) {
    for await (const page of rangePages(options, prefix, revision)) {
      revision ??= page.revision;
      yield await toPage(options, page, revision);
    }
  }
}

async function* rangePages(
  options: ListOptions,
  prefix: Buffer,
  at: Revision | undefined,
): AsyncGenerator<RangeResult> {
  const range = prefixRange(prefix);
  const read = (key: Buffer, revision: Revision | undefined) =>
    options.store.range({
      ...range,
      key,
      limit: PAGE_KEYS,
      keysOnly: options.keysFirst,
      ...(revision === undefined ? {} : { revision }),
    });
  let page: RangeResult | undefined = await read(range.key, at);
  const revision = at ?? page.revision;
  while (page !== undefined) {
    const next: Promise<RangeResult> | undefined = page.more ? read(after(page), revision) : undefined;
    // Whoever stops reading does not wait for it; its error is thrown below, where it is awaited.
    next?.catch(() => undefined);
    yield page;
    page = await next;
  }
}

function after(page: RangeResult): Buffer {
  return Buffer.concat([page.entries.at(-1)!.key, Buffer.from([0])]);
}

async function toPage(options: ListOptions, page: RangeResult, revision: Revision): Promise<ListPage> {
  const all = page.entries.map((entry) => ({ key: entry.key.toString(), entry }));
  const news = all.filter(({ key, entry }) => options.isNews(key, entry.modRevision));
  const keys = all.map(({ key }) => key);
  return { revision, keys, news: options.keysFirst ? await withValues(options.store, news, revision) : news };
}

async function withValues(store: Store, news: ListPage['news'], revision: Revision): Promise<ListPage['news']> {
  const complete: { key: string; entry: Entry }[] = [];
  for (let start = 0; start < news.length; start += READS_PER_TXN) {
    const part = news.slice(start, start + READS_PER_TXN);
    const success = part.map(({ entry }) => ({ type: 'range', key: entry.key, revision }) as const);
    const { results } = await store.txn({ compare: [], success, failure: [] });
    results.forEach((result, i) => {
      const entry = result.type === 'range' ? result.entries[0] : undefined;
      if (entry !== undefined) complete.push({ key: part[i]!.key, entry });
    });
  }
  return complete;
}
