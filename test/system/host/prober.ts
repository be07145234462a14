/**
 * Program: asks TCP ports of an address for a connection every 10 ms, a new one each time, until it is told to stop, and prints what each said.
 * A closed port that can be reached refuses; of a packet that was dropped nothing is heard. `flow:PORT` instead keeps one connection, sends a byte each
 * time and counts those that come back. Usage: prober.ts ADDRESS (PORT | flow:PORT)...
 */
import { connect } from 'node:net';

const intervalMs = 10;
/** Long on a bridge, also when the machine is busy. */
const patienceMs = 2_000;
const [address = '', ...ports] = process.argv.slice(2);

interface Seen {
  asked: number;
  /** It came through: refused by the port, or taken. */
  answered: number;
  silent: number;
  /** The times, since the prober's start, of the first and the last answer. */
  firstMs?: number;
  lastMs?: number;
  /** The longest time without an answer, once there was one. */
  gapMs: number;
}

const seen = new Map<string, Seen>(ports.map((port) => [port, { asked: 0, answered: 0, silent: 0, gapMs: 0 }]));

function ask(port: string, count: Seen): void {
  count.asked++;
  const socket = connect({ host: address, port: Number(port) });
  const patience = setTimeout(() => {
    count.silent++;
    socket.destroy();
  }, patienceMs);
  const answered = () => {
    clearTimeout(patience);
    socket.destroy();
    count.answered++;
    const nowMs = performance.now();
    count.firstMs ??= nowMs;
    count.gapMs = Math.max(count.gapMs, nowMs - (count.lastMs ?? nowMs));
    count.lastMs = nowMs;
  };
  socket.once('connect', answered);
  socket.once('error', (error: NodeJS.ErrnoException) => {
    // what no host has said: there is no link, or nobody at the address
    if (error.code === 'ECONNREFUSED' || error.code === 'ECONNRESET') answered();
    clearTimeout(patience);
  });
}

/** Sends as long as the connection is there; what happens to it afterwards shows in the numbers. */
function keepFlow(port: string, count: Seen): () => void {
  const socket = connect({ host: address, port: Number(port) });
  let isOpen = true;
  socket.on('data', (bytes) => {
    count.answered += bytes.length;
    const nowMs = performance.now();
    count.gapMs = Math.max(count.gapMs, nowMs - (count.lastMs ?? nowMs));
    count.lastMs = nowMs;
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    isOpen = false;
  });
  return () => {
    count.asked++;
    if (isOpen) socket.write('.');
    else count.silent++;
  };
}

const askers = [...seen].map(([word, count]) =>
  word.startsWith('flow:') ? keepFlow(word.slice('flow:'.length), count) : () => ask(word, count),
);
const timer = setInterval(() => {
  for (const each of askers) each();
}, intervalMs);

/** What is still under way has its time. */
process.once('SIGTERM', () => {
  clearInterval(timer);
  setTimeout(() => {
    process.stdout.write(`${JSON.stringify(Object.fromEntries(seen))}\n`, () => process.exit(0));
  }, patienceMs + 100);
});
