/**
 * Debian's etcd, one server or three. Each has a cell with a network of its own; clients come in through a unix socket in the file system,
 * which all networks share. I/O.
 */
import { join } from 'node:path';
import type { Target } from '../target.ts';
import { type Cell, openCell } from './cell.ts';
import { canConnect, connectTo } from './etcd-client.ts';
import { LinkProxy } from './link-proxy.ts';
import { openSwitch } from './peers.ts';
import { ServerProcess } from './process.ts';

/** etcd insists on the shape of a host and a port. */
const socketName = 'client:1';

export async function openEtcd(size: 1 | 3): Promise<Target> {
  const cells = await Promise.all(
    Array.from({ length: size }, () => openCell({ diskMegabytes: 400, hasNetwork: true })),
  );
  const network = await openSwitch(cells.map(({ pid }) => pid));
  const cluster = cells.map((_, i) => `m${i}=${peerUrl(network.address(i))}`).join(',');
  const servers = cells.map((cell, i) => createServer(cell, `m${i}`, peerUrl(network.address(i)), cluster));
  const links = cells.map(({ directory }) => new LinkProxy({ path: join(directory, socketName) }));
  await Promise.all(links.map((link) => link.listen()));
  for (const server of servers) server.start();
  await Promise.all(servers.map((server) => server.ready()));
  return {
    name: `etcd x${size}`,
    servers,
    links,
    ...(size > 1 && { peers: network }),
    connect: () => connectTo(links.map(({ endpoint }) => endpoint)),
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server.kill();
      for (const part of [...links, network, ...cells]) await part[Symbol.asyncDispose]();
    },
  };
}

function createServer(cell: Cell, name: string, peer: string, cluster: string): ServerProcess {
  const options = {
    '--name': name,
    '--data-dir': join(cell.disk, 'data'),
    '--listen-client-urls': `unix://${socketName}`,
    '--advertise-client-urls': 'http://127.0.0.1:2379',
    '--listen-peer-urls': peer,
    '--initial-advertise-peer-urls': peer,
    '--initial-cluster': cluster,
    '--logger': 'zap',
    // Quick elections and many snapshots: more to go wrong in less time.
    '--heartbeat-interval': '50',
    '--election-timeout': '500',
    '--snapshot-count': '500',
  };
  const socket = join(cell.directory, socketName);
  // It would not listen where a socket file is left over.
  const script = `rm -f ${socketName} && exec etcd "$@"`;
  return new ServerProcess({
    cell,
    command: ['sh', '-c', script, 'sh', ...Object.entries(options).flat()],
    answers: () => canConnect(socket),
  });
}

function peerUrl(address: string): string {
  return `http://${address}:2380`;
}
