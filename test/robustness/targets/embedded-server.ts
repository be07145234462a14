/** The process that keeps an embedded store for tests to kill: does what is asked through the IPC channel, one message for each answer. I/O. */
import { openLevelStore } from '#appliance/datastore/level/open.ts';
import type { WatchBatch, WatchRequest } from '#appliance/datastore/store.ts';
import type { AppError } from '#appliance/lib/errors.ts';
import type { Reply, Request } from './embedded-store.ts';

const store = await openLevelStore(process.argv[2]!);
const watches = new Map<number, { readonly batches: AsyncIterator<WatchBatch>; progress(): void; close(): void }>();
process.on('message', (request: Request) => void serve(request));
process.on('disconnect', () => process.exit());
process.send!({ id: 0, value: 'open' } satisfies Reply);

async function serve({ id, method, args }: Request): Promise<void> {
  try {
    process.send!({ id, value: await call(id, method, args) } satisfies Reply);
  } catch (error) {
    const { code, message, details } = error as AppError;
    process.send!({ id, error: { code, message, details } } satisfies Reply);
  }
}

async function call(id: number, method: Request['method'], args: readonly unknown[]): Promise<unknown> {
  const watch = watches.get(args[0] as number);
  switch (method) {
    case 'watch':
      return openWatch(id, args[0] as WatchRequest);
    case 'next': {
      const next = await watch?.batches.next();
      return next === undefined || next.done === true ? undefined : next.value;
    }
    case 'progress':
      return watch?.progress();
    case 'end':
      watches.delete(args[0] as number);
      return watch?.close();
    default:
      return (store[method] as (...args: readonly unknown[]) => Promise<unknown>).apply(store, [...args]);
  }
}

/** A watch goes by the number of the request that opened it. */
async function openWatch(id: number, request: WatchRequest): Promise<number> {
  const watch = await store.watch(request);
  const batches = watch[Symbol.asyncIterator]();
  watches.set(id, { batches, progress: () => watch.requestProgress(), close: () => watch.close() });
  return id;
}
