/** Requests of 1 to 256 clients, each on a connection of its own and waiting for its answer. I/O. */
import { type Measured, measure, ofBoth, rowsOf, secondsPerPoint } from './measure.ts';
import type { Server } from './server.ts';
import type { Row } from './table.ts';

const clientCounts = [1, 16, 64, 256];
const readKeys = 10_000;

const figures = {
  'a second': ({ operations, seconds }: Measured) => operations / seconds,
  'p50, ms': ({ p50Us }: Measured) => p50Us / 1000,
  'p99, ms': ({ p99Us }: Measured) => p99Us / 1000,
  'server CPU s a 1,000': ({ serverCpuSeconds, operations }: Measured) => (serverCpuSeconds / operations) * 1000,
  'generator CPU s a 1,000': ({ cpuSeconds, operations }: Measured) => (cpuSeconds / operations) * 1000,
};

/** Puts, transactions and reads. */
export async function* benchOperations(servers: readonly Server[]): AsyncIterable<Row> {
  const seconds = secondsPerPoint;
  for (const clients of clientCounts) {
    const results = await ofBoth(servers, (server) => measure(server, 'put', { clients, seconds }));
    yield* rowsOf(`put 256 bytes, ${clients} clients`, results, figures, ['a second']);
  }
  for (const clients of clientCounts) {
    const results = await ofBoth(servers, (server) => measure(server, 'txn', { clients, seconds }));
    yield* rowsOf(`compare and put 256 bytes, ${clients} clients`, results, figures, ['a second']);
  }
  const stored = { prefix: '/read/', keys: readKeys };
  await ofBoth(servers, (server) => measure(server, 'fill', { clients: 64, count: readKeys, prefix: '/read/' }));
  for (const clients of [1, 64]) {
    const results = await ofBoth(servers, (server) => measure(server, 'get', { ...stored, clients, seconds }));
    yield* rowsOf(`get a key, ${clients} clients`, results, figures, ['a second']);
  }
  const pages = await ofBoth(servers, (server) => measure(server, 'list', { ...stored, clients: 16, seconds }));
  yield* rowsOf('list 500 keys, 16 clients', pages, figures, ['a second']);
  const memory = await ofBoth(servers, (server) => server.memory());
  yield* rowsOf('after all that', memory, { 'RSS, MiB': ({ rss }) => rss, 'most RSS, MiB': ({ peak }) => peak });
}
