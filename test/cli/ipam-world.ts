/** An API on a unix socket over a store in memory as Calico's IPAM client left it, and calicoctl asking it. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestApi, type TestApi } from '../appliance/api/test-api.ts';
import { readEntries } from '../interop/golden.ts';
import { type CliRun, runCli } from './run-cli.ts';

export interface IpamWorld extends AsyncDisposable {
  readonly api: TestApi;
  readonly directory: string;
  readonly address: string;
  ctl(...words: string[]): Promise<CliRun>;
  put(key: string, value: string): Promise<void>;
}

export async function startIpamWorld(): Promise<IpamWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'calico-cli-ipam-'));
  const api = await createTestApi();
  const put = async (key: string, value: string) => void (await api.store.put(Buffer.from(key), Buffer.from(value)));
  for (const { key, value } of readEntries('ipam.txt')) await put(key, value);
  const address = `unix:${directory}/api.sock`;
  const server = createServer(api.app.routing).listen(`${directory}/api.sock`);
  await once(server, 'listening');
  return {
    api,
    directory,
    address,
    put,
    ctl: (...words) => runCli(words, { env: { CALICO_API_SOCKET: address } }),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      rmSync(directory, { recursive: true });
    },
  };
}
