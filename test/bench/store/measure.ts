/** Runs the same load on both servers, one after the other, with the processor time each took for it. I/O. */
import { type LoadOptions, type LoadResult, load } from './load.ts';
import type { Server } from './server.ts';
import type { Row } from './table.ts';

/** A result with the server's own processor time. */
export type Measured = LoadResult & { readonly serverCpuSeconds: number };

export const secondsPerPoint = Number(process.env.BENCH_SECONDS ?? 3);
export const keysMany = Number(process.env.BENCH_KEYS ?? 100_000);

/** One load on one server. */
export async function measure(server: Server, mode: string, options: LoadOptions): Promise<Measured> {
  const before = server.cpuSeconds();
  const result = await load(mode, server.target, options);
  return { ...result, serverCpuSeconds: server.cpuSeconds() - before };
}

/** What `read` says of each server, in the order ours, etcd. */
export async function ofBoth<T>(
  servers: readonly Server[],
  read: (server: Server) => T | Promise<T>,
): Promise<readonly [ours: T, etcd: T]> {
  return [await read(servers[0]!), await read(servers[1]!)];
}

/** A row for each figure that `figures` takes from the two results; those in `more` are better when they are larger. */
export function* rowsOf<T>(
  point: string,
  [ours, etcd]: readonly [T, T],
  figures: Readonly<Record<string, (result: T) => number>>,
  more: readonly string[] = [],
): Iterable<Row> {
  for (const [figure, read] of Object.entries(figures)) {
    yield { point, figure, ours: read(ours), etcd: read(etcd), better: more.includes(figure) ? 'more' : 'less' };
  }
}
