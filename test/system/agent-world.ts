/** The agent as a program over a real etcd, both in a network namespace and folders of their own; they end with the test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { call } from '../appliance/apiserver-process.ts';
import { freePort } from '../appliance/datastore/etcd/etcd-server.ts';
import { until as untilWithin } from '../appliance/felix/status/test-store.ts';
import { createNamespace } from '../kernel/netlink/namespace.ts';

const program = join(import.meta.dirname, '../../bin/calico-node');
export const until = (check: () => boolean | Promise<boolean>) => untilWithin(check, 30_000);

export interface WebAnswer {
  readonly code: number;
  readonly text: string;
}

/** Code 0 when nobody answers. */
const getting = `fetch(process.argv[1]).then(async (r) => ({ code: r.status, text: await r.text() }), (e) => ({ code: 0, text: String(e.cause) }))
  .then((answer) => console.log(JSON.stringify(answer)))`;

/** An etcd and an agent in a namespace and folders of their own. */
export async function world(t: ExecutionContext, extra: Record<string, string> = {}) {
  const namespace = await createNamespace();
  const folder = mkdtempSync(join(tmpdir(), 'calico-agent-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const start = (command: string[], env: Record<string, string>) =>
    execa('ip', ['netns', 'exec', namespace.name, ...command], { env, reject: false, all: true, stdin: 'ignore' });
  const etcd = start(
    [
      ...['etcd', '--data-dir', join(folder, 'etcd'), '--listen-client-urls', endpoint],
      ...['--advertise-client-urls', endpoint, '--listen-peer-urls', `http://127.0.0.1:${await freePort()}`],
    ],
    {},
  );
  const agent = start([program], {
    DATASTORE_TYPE: 'etcdv3',
    ETCD_ENDPOINTS: endpoint,
    CALICO_CONFIG_DIR: join(folder, 'etc'),
    CALICO_DATA_DIR: join(folder, 'data'),
    CALICO_RUN_DIR: join(folder, 'run'),
    CALICO_NETWORKING_BACKEND: 'none',
    NODENAME: 'here',
    ...extra,
  });
  t.teardown(async () => {
    for (const child of [agent, etcd]) child.kill('SIGKILL');
    await Promise.all([agent, etcd]);
    await namespace[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const place = { dir: folder, env: {}, socket: join(folder, 'run/node.sock') };
  return {
    folder,
    agent,
    etcd,
    exec: namespace.exec,
    /** Code and text of an answer to a request from within the namespace. */
    get: async (url: string) => JSON.parse(await namespace.exec(process.execPath, '-e', getting, url)) as WebAnswer,
    nft: () => namespace.exec('nft', 'list', 'ruleset'),
    etcdctl: (...words: string[]) => namespace.exec('etcdctl', '--endpoints', endpoint, ...words),
    /** What the agent's socket has at a path; undefined while nobody answers. */
    page: async (path: string) => (await call(place, 'GET', path).catch(() => ({ body: undefined }))).body,
    status: async () => (await call(place, 'GET', '/status').catch(() => ({ body: {} }))).body,
  };
}
