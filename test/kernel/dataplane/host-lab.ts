/**
 * A host between two machines, from stored objects to packets: what is put under the store's keys goes through graph and dataplane into the kernel of a
 * namespace, and connections are tried. I/O.
 */
import { join } from 'node:path';
import { execa } from 'execa';
import { createPipeline } from '#appliance/felix/agent/pipeline.ts';
import { createConfigSource } from '#appliance/felix/config/source.ts';
import { createNftablesDataplane } from '#appliance/felix/dataplane/nftables/backend.ts';
import { openKernel } from '#appliance/kernel/open.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import { kindByPlural } from '#appliance/resources/registry.ts';
import { createNamespace, type TestNamespace } from '../netlink/namespace.ts';
import { addMachine } from './real-lab.ts';

export interface HostLab extends AsyncDisposable {
  readonly host: TestNamespace;
  /** Stores objects by `plural/name`; undefined takes one away. Resolves when the kernel has it. */
  put(objects: Readonly<Record<string, object | undefined>>): Promise<void>;
  /** Which of these are answered: `FROM: SOURCE>ADDRESS>PORT[>udp]`, from `host`, `near` (behind eth0) or `far` (behind eth1). */
  open(...probes: readonly string[]): Promise<string[]>;
}

const root = '/calico/resources/v3/projectcalico.org';
const program = join(import.meta.dirname, '../ports.ts');

/** near: 10.9.0.2, 10.9.0.3, fd09::2; far: 10.8.0.2; the host has .1 of both. All listen on these ports. */
export async function openHostLab(...ports: readonly number[]): Promise<HostLab> {
  const cleanup = new AsyncDisposableStack();
  const host = cleanup.use(await createNamespace());
  const near = cleanup.use(await addMachine(host, 'eth0', '10.9.0.2/24', '10.9.0.1'));
  const far = cleanup.use(await addMachine(host, 'eth1', '10.8.0.2/24', '10.8.0.1'));
  await near.exec('ip', 'addr', 'add', '10.9.0.3/24', 'dev', 'eth0');
  await near.exec('ip', 'addr', 'add', 'fd09::2/64', 'dev', 'eth0', 'nodad');
  await host.exec('ip', 'addr', 'add', '10.9.0.1/24', 'dev', 'eth0');
  await host.exec('ip', 'addr', 'add', '10.8.0.1/24', 'dev', 'eth1');
  await host.exec('ip', 'addr', 'add', 'fd09::1/64', 'dev', 'eth0', 'nodad');
  // so that a policy that forgets neighbour discovery shows in what it denies, not in what it delays
  await resolveNeighbours(host, near);
  const machines: Readonly<Record<string, { readonly name: string }>> = { host, near, far };
  const listeners = Object.values(machines).map(({ name }) =>
    execa('ip', ['netns', 'exec', name, process.execPath, program, 'listen', ...ports.map(String)], { reject: false }),
  );
  cleanup.defer(async () => {
    for (const listener of listeners) listener.kill('SIGKILL');
    await Promise.all(listeners);
  });
  await Promise.all(listeners.map(({ stdout }) => new Promise((resolve) => stdout.once('data', resolve))));
  const kernel = openKernel({ netnsPath: host.path });
  const none = () => undefined;
  const dataplane = createNftablesDataplane({
    kernel,
    hostname: 'here',
    log: silentLogger,
    reports: { onWorkloadEndpointStatus: none, onHostEndpointStatus: none, onPolicyStatus: none, onApplied: none },
  });
  cleanup.defer(async () => {
    await dataplane.close();
    kernel.close();
  });
  const config = createConfigSource('here', []);
  const pipeline = createPipeline({ hostname: 'here', config, dataplane, log: silentLogger, onConfig: none });
  let revision = 1;
  const put: HostLab['put'] = async (objects) => {
    revision += 1;
    const updates = Object.entries(objects).map(([name, value]) => ({
      key: `${root}/${name}`,
      value: value === undefined ? undefined : Buffer.from(JSON.stringify({ kind: kindAt(name), ...value })),
      revision,
    }));
    await pipeline.onUpdates(updates, revision);
    await dataplane.settled();
    for (const [key, problem] of pipeline.problems()) throw new Error(`${key}: ${JSON.stringify(problem)}`);
  };
  await put({ 'clusterinformations/default': { spec: { datastoreReady: true } } });
  await pipeline.onStatus('in-sync', revision);
  await dataplane.settled();
  return {
    host,
    put,
    async open(...probes) {
      const answers = await Promise.all(Object.keys(machines).map((from) => ask(machines[from]!.name, from, probes)));
      const open = new Set(answers.flat());
      return probes.filter((probe) => open.has(probe));
    },
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

async function ask(namespace: string, from: string, probes: readonly string[]): Promise<string[]> {
  const start = `${from}: `;
  const targets = probes.filter((probe) => probe.startsWith(start)).map((probe) => probe.slice(start.length));
  if (targets.length === 0) return [];
  const words = ['netns', 'exec', namespace, process.execPath, program, 'probe', ...targets];
  const { stdout } = await execa('ip', words, { stdin: 'ignore' });
  return (JSON.parse(stdout) as string[]).map((target) => `${start}${target}`);
}

async function resolveNeighbours(host: TestNamespace, near: { exec: TestNamespace['exec'] }): Promise<void> {
  const macOf = async (machine: { exec: TestNamespace['exec'] }) =>
    (JSON.parse(await machine.exec('ip', '-j', 'link', 'show', 'eth0')) as { address: string }[])[0]!.address;
  await host.exec('ip', 'neigh', 'replace', 'fd09::2', 'lladdr', await macOf(near), 'dev', 'eth0');
  await near.exec('ip', 'neigh', 'replace', 'fd09::1', 'lladdr', await macOf(host), 'dev', 'eth0');
}

function kindAt(name: string): string {
  return kindByPlural(name.split('/', 1)[0]!)!.kind;
}
