/** A face over a store in memory, and ways to speak to it: etcdctl, and bare gRPC calls. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { openMemoryStore } from '#appliance/datastore/memory/open.ts';
import type { Store } from '#appliance/datastore/store.ts';
import { type EtcdFace, type EtcdFaceOptions, startEtcdFace } from '#appliance/etcd-face/server.ts';
import { silentLogger } from '#appliance/lib/log.ts';

export interface TestFace extends AsyncDisposable {
  readonly store: Store;
  readonly face: EtcdFace;
  readonly socketPath: string;
}

export const identity = { clusterId: 0xfedcba9876543210n, memberId: 0x8000000000000001n };

/** Serves a new store in memory on a socket in a directory of its own, unless `options` say otherwise. */
export async function serveMemory(options: Partial<EtcdFaceOptions> = {}): Promise<TestFace> {
  const directory = await mkdtemp(join(tmpdir(), 'calico-test-face-'));
  const socketPath = join(directory, 'etcd.sock');
  const store = options.store ?? (await openMemoryStore());
  const remove = () => rm(directory, { recursive: true, force: true });
  const face = await startEtcdFace({
    listen: `unix:${socketPath}`,
    identity,
    log: silentLogger,
    ...options,
    store,
  }).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    store,
    face,
    socketPath,
    async [Symbol.asyncDispose]() {
      await face.close();
      await store.close();
      await remove();
    },
  };
}

/** What etcdctl printed, and its exit status. */
export interface ControlResult {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs etcdctl against `endpoint` (`127.0.0.1:PORT`). */
export function etcdctl(endpoint: string, ...args: string[]): Promise<ControlResult> {
  const env = { ...process.env, ETCDCTL_API: '3' };
  return new Promise((resolve) => {
    execFile('etcdctl', ['--endpoints', endpoint, ...args], { env, timeout: 20_000 }, (error, out, err) => {
      resolve({ status: error === null ? 0 : Number(error.code ?? 255), out, err });
    });
  });
}

/** A watch answer as the protobuf library decodes it, 64-bit numbers as numbers. */
export interface WireWatchAnswer {
  readonly header: { readonly revision: number };
  readonly watch_id: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compact_revision: number;
  readonly cancel_reason: string;
  readonly fragment: boolean;
  readonly events: readonly { readonly type: number; readonly kv: { readonly key: Buffer; readonly value: Buffer } }[];
}

/** One watch stream to `target`, spoken without any client in between; `received` grows by itself. */
export function openBareWatch(target: string) {
  const client = new grpc.Client(target, grpc.credentials.createInsecure());
  const { Watch: method } = watchDefinition;
  const stream = client.makeBidiStreamRequest<object, WireWatchAnswer>(
    method!.path,
    method!.requestSerialize,
    method!.responseDeserialize,
  );
  const received: WireWatchAnswer[] = [];
  const errors: Error[] = [];
  stream.on('data', (answer: WireWatchAnswer) => void received.push(answer));
  stream.on('error', (error) => void errors.push(error));
  return {
    stream,
    received,
    errors,
    async until(condition: (received: readonly WireWatchAnswer[]) => boolean) {
      for (let i = 0; i < 2_000; i++) {
        if (condition(received)) return;
        await sleep(5);
      }
      throw new Error(`not received: ${JSON.stringify(received.slice(-5))}`);
    },
    close() {
      stream.cancel();
      client.close();
    },
  };
}

const watchDefinition = loadSync('rpc.proto', {
  includeDirs: [fileURLToPath(new URL('../../../appliance/etcd-face/protos', import.meta.url))],
  keepCase: true,
  defaults: true,
  longs: Number,
  enums: Number,
})['etcdserverpb.Watch'] as grpc.ServiceDefinition;
