/** Reads ranges of any size in pages at one revision, so that no answer is large and nobody waits behind it. I/O. */
import { hasCode } from '../../lib/errors.ts';
import type { Entry, RangeRequest, RangeResult } from '../store.ts';
import type { EtcdClient } from './client.ts';
import { rangeRequest, rangeResult } from './convert.ts';

const PAGE_KEYS = 500;
/** How often a list at the newest revision starts anew when compaction overtakes it. */
const COMPACTED_RETRIES_MAX = 3;

/** One range as the store contract has it. */
export async function readRange(client: EtcdClient, request: RangeRequest): Promise<RangeResult> {
  if (request.rangeEnd === undefined || request.countOnly === true) return readPage(client, request);
  const isFixed = (request.revision ?? 0) > 0;
  for (let retries = 0; ; retries++) {
    try {
      return await readPages(client, request);
    } catch (error) {
      if (isFixed || retries >= COMPACTED_RETRIES_MAX || !hasCode(error, 'STORE_COMPACTED')) throw error;
    }
  }
}

async function readPages(client: EtcdClient, request: RangeRequest): Promise<RangeResult> {
  const wanted = request.limit ? request.limit : Number.POSITIVE_INFINITY;
  const first = await readPage(client, { ...request, limit: Math.min(PAGE_KEYS, wanted) });
  const entries: Entry[] = [...first.entries];
  let { more } = first;
  while (more && entries.length < wanted) {
    const page = await readPage(client, {
      ...request,
      key: Buffer.concat([entries.at(-1)!.key, Buffer.from([0])]),
      revision: request.revision ? request.revision : first.revision,
      limit: Math.min(PAGE_KEYS, wanted - entries.length),
    });
    for (const entry of page.entries) entries.push(entry);
    more = page.more;
  }
  return { revision: first.revision, entries, more, count: first.count };
}

async function readPage(client: EtcdClient, request: RangeRequest): Promise<RangeResult> {
  const response = await client.read((options) => client.kv.range(rangeRequest(request), options));
  return rangeResult(response, Number(response.header.revision));
}
