/**
 * The embedded store beside etcd: two real servers over the same disk, the same load generator, one run. Prints a line per figure with how
 * many times as good ours is, at the end everything once more. Figures only; nothing is asserted. I/O.
 * Usage: store.ts [DIRECTORY]   BENCH_SECONDS (3 a point), BENCH_KEYS (100000), BENCH_PARTS (rest,operations,watches,slow,growth)
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchGrowth } from './store/growth.ts';
import { buildLoad } from './store/load.ts';
import { benchOperations } from './store/operations.ts';
import { benchRest } from './store/rest.ts';
import { type Server, startServer } from './store/server.ts';
import { benchSlow } from './store/slow.ts';
import { printTable, type Row } from './store/table.ts';
import { benchWatches } from './store/watches.ts';

/** What can be measured; each yields rows as it goes and may start servers of its own below `directory`. */
const parts: Readonly<Record<string, (servers: readonly Server[], directory: string) => AsyncIterable<Row>>> = {
  rest: benchRest,
  operations: benchOperations,
  watches: benchWatches,
  slow: benchSlow,
  growth: benchGrowth,
};

const asked = process.env.BENCH_PARTS?.split(',') ?? Object.keys(parts);
const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'calico-bench-store-'));
buildLoad();
const servers = [await startServer('ours', directory), await startServer('etcd', directory)];
const rows: Row[] = [];
try {
  for (const name of asked) {
    for await (const row of parts[name]!(servers, directory)) {
      rows.push(row);
      console.log(printTable([row], { isHeadless: true }));
    }
  }
} finally {
  for (const server of servers) await server.stop();
  rmSync(directory, { recursive: true, force: true });
}
console.log(`\n${printTable(rows)}`);
