/** A server of its own with so many policies in it, for the benchmarks of the API and of calicoctl. I/O. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientServer } from '../../system/clients/server.ts';

export const policiesMany = Number(process.env.BENCH_POLICIES ?? 10_000);

const policiesPath = '/apis/projectcalico.org/v3/globalnetworkpolicies';
const writersMax = 32;

/** A policy of the usual sort. */
export function policy(name: string, port: number) {
  const web = {
    action: 'Allow',
    protocol: 'TCP',
    source: { selector: "role == 'web'" },
    destination: { ports: [port, '8000:8080'] },
  };
  const monitoring = {
    action: 'Allow',
    protocol: 'TCP',
    source: { nets: ['192.0.2.0/24', '198.51.100.0/24'] },
    destination: { ports: [9100] },
  };
  const metadata = { name, labels: { team: `t${port % 10}` }, annotations: { owner: 'someone@example.org' } };
  const spec = {
    tier: 'default',
    order: 100 + (port % 100),
    selector: `app == 'app-${port % 50}' && has(env)`,
    types: ['Ingress', 'Egress'],
    ingress: [web, monitoring],
    egress: [{ action: 'Allow' }],
  };
  return { apiVersion: 'projectcalico.org/v3', kind: 'GlobalNetworkPolicy', metadata, spec };
}

/** Policies as a file that apply takes. */
export function policyFile(directory: string, name: string, count: number, from: number, marker: string): string {
  const file = join(directory, name);
  const items = Array.from({ length: count }, (_, i) => policy(`${marker}-${from + i}`, 1000 + i));
  writeFileSync(file, items.map((item) => JSON.stringify(item)).join('\n---\n'));
  return file;
}

export interface BenchWorld extends AsyncDisposable {
  readonly server: ClientServer;
  readonly directory: string;
  /** `http://host:port`, for everybody. */
  readonly target: string;
}

/** Ready with `policiesMany` policies named `policy-N`. */
export async function startBenchWorld(): Promise<BenchWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'calico-bench-api-'));
  const server = await ClientServer.start({});
  await fill(server);
  return {
    server,
    directory,
    target: `http://127.0.0.1:${server.httpPort}`,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function fill(server: ClientServer): Promise<void> {
  let next = 0;
  const work = async () => {
    for (let i = next++; i < policiesMany; i = next++) {
      const { status, body } = await server.call('POST', '/globalnetworkpolicies', policy(`policy-${i}`, 1000 + i));
      if (status !== 201) throw new Error(`${policiesPath}: ${JSON.stringify(body)}`);
    }
  };
  await Promise.all(Array.from({ length: writersMax }, work));
}
