/**
 * Run as a program inside a network namespace. `listen PORT...`: takes TCP connections on these ports and answers UDP datagrams, prints a line when
 * all are open, until standard input ends. `probe SOURCE>ADDRESS>PORT[>udp]...`: tries each at once, and prints those that were answered as JSON. I/O.
 */
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

/** Less than the second after which a lost SYN is sent again. */
const timeoutMs = 900;

const [verb, ...words] = process.argv.slice(2);
if (verb === 'listen') await listen(words.map(Number));
else process.stdout.write(JSON.stringify(await probeAll(words)));

async function listen(ports: readonly number[]): Promise<void> {
  await Promise.all(ports.flatMap((port) => [listenTcp(port), answerUdp(port)]));
  process.stdout.write('listening\n');
  process.stdin.on('end', () => process.exit(0)).resume();
}

function listenTcp(port: number): Promise<unknown> {
  const server = createServer((socket) => socket.on('error', () => undefined).end()).listen(port, '::');
  return new Promise((resolve) => server.once('listening', resolve));
}

function answerUdp(port: number): Promise<unknown> {
  const socket = createSocket('udp6').bind(port, '::');
  socket.on('message', (data, from) => socket.send(data, from.port, from.address));
  return new Promise((resolve) => socket.once('listening', resolve));
}

async function probeAll(targets: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(
    targets.map((target) => (target.endsWith('>udp') ? isEchoed(target) : isTaken(target))),
  );
  return targets.filter((_target, n) => answers[n]);
}

function isTaken(target: string): Promise<boolean> {
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

function isEchoed(target: string): Promise<boolean> {
  const [source = '', host = '', port = ''] = target.split('>');
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    let isEnded = false;
    const end = (isOpen: boolean) => {
      if (!isEnded) socket.close();
      isEnded = true;
      resolve(isOpen);
    };
    socket.once('message', () => end(true)).once('error', () => end(false));
    // what is refused on the way out ends with an error here
    socket.bind(0, source, () => socket.send('x', Number(port), host, (error) => error && end(false)));
    setTimeout(() => end(false), timeoutMs);
  });
}
