/**
 * Plays a workload inside its own network namespace: listens on the ports it is given and opens connections when told to.
 * Lines of JSON on stdin and stdout: `{id, host, port}` in, `{id, isOpen}` out; `{ready}` first. I/O.
 */
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const ports = process.argv.slice(2).map(Number);
const timeoutMs = 600;

await Promise.all(ports.map(listen));
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  const { id, host, port } = JSON.parse(line) as { id: number; host: string; port: number };
  void tryConnect(host, port).then((isOpen) => say({ id, isOpen }));
}

function listen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => socket.destroy()).end());
    server.once('error', reject).listen({ port, host: '::' }, resolve);
  });
}

function tryConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.setTimeout(timeoutMs, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

function say(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
