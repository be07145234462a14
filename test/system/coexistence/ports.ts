/**
 * Run as a program inside a network namespace. `listen PORT...`: takes TCP connections on these ports, prints a line when all are open, until
 * standard input ends. `probe SOURCE>ADDRESS>PORT...`: tries each at once, and prints those that were answered as JSON. I/O.
 */
import { connect, createServer } from 'node:net';

/** Less than the second after which a lost SYN is sent again. */
const timeoutMs = 900;

const [verb, ...words] = process.argv.slice(2);
if (verb === 'listen') await listen(words.map(Number));
else process.stdout.write(JSON.stringify(await probeAll(words)));

async function listen(ports: readonly number[]): Promise<void> {
  const servers = ports.map((port) =>
    createServer((socket) => socket.on('error', () => undefined).end()).listen(port, '::'),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  process.stdout.write('listening\n');
  process.stdin.on('end', () => process.exit(0)).resume();
}

async function probeAll(targets: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(targets.map(isAnswered));
  return targets.filter((_target, n) => answers[n]);
}

function isAnswered(target: string): Promise<boolean> {
  const [localAddress = '', host = '', port = ''] = target.split('>');
  return new Promise((resolve) => {
    const socket = connect({ localAddress, host, port: Number(port) });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
    setTimeout(() => end(false), timeoutMs);
  });
}
