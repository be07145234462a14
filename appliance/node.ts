/** Entry of `calico-node`, the host agent: settings, the store's client, the kernel, then the agent until a signal ends it. I/O. */
import { randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { openEtcdStore } from './datastore/etcd/open.ts';
import { etcdOptions } from './etcd-options.ts';
import { startAgent } from './felix/agent/agent.ts';
import type { HostAddress } from './felix/agent/detect-address.ts';
import { openKernel } from './kernel/open.ts';
import { createLogger } from './lib/log.ts';
import { printProblems } from './lib/problem.ts';
import { loadSettings, type Settings } from './settings.ts';

const loaded = loadSettings(process.env);
if (!loaded.ok) {
  process.stderr.write(`calico-node: ${printProblems(loaded.problems)}\n`);
  process.exit(1);
}
const settings = loaded.value;
const log = createLogger(settings.logLevel).child({ component: 'node' });
const store = openEtcdStore({ ...storeAddress(settings), log: log.child({ component: 'store' }) });
const agent = await startAgent({
  store,
  kernel: openKernel(),
  nodename: settings.nodename,
  configDir: settings.configDir,
  runDir: settings.runDir,
  environment: process.env,
  hostAddresses,
  stamps: { now: () => new Date(), uuid: randomUUID },
  log,
});
log.info({ node: settings.nodename, datastore: settings.datastoreType }, 'started');

let isStopping = false;
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, async () => {
    if (isStopping) return;
    isStopping = true;
    log.info({ signal }, 'stopping; the kernel keeps what it has');
    await agent.close();
    await store.close();
    process.exit(0);
  });
}

/** The embedded store answers as an etcd on its own socket, so one client serves both. */
function storeAddress(s: Settings) {
  if (s.datastoreType === 'etcdv3') return etcdOptions(s.etcd);
  const listen = s.etcdListen[0];
  if (listen === undefined) throw new Error('CALICO_ETCD_LISTEN: names no address to reach the store at');
  return { endpoints: [listen] };
}

function hostAddresses(): HostAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([link, addresses]) =>
    (addresses ?? []).flatMap((a) => (a.cidr === null ? [] : [{ link, isInternal: a.internal, cidr: a.cidr }])),
  );
}
