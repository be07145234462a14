/** Our own etcd client, impatient, so that a run has many endings. I/O. */
import net from 'node:net';
import { openEtcdStore } from '#appliance/datastore/etcd/open.ts';
import { silentLogger } from '#appliance/lib/log.ts';
import type { TestedStore } from '../target.ts';

export function connectTo(endpoints: readonly string[]): TestedStore {
  return openEtcdStore({
    endpoints,
    log: silentLogger,
    requestTimeoutMs: 1_500,
    watchResumeTimeoutMs: 4_000,
  });
}

/** Whether somebody listens on a unix socket. */
export function canConnect(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path });
    const answer = (isConnected: boolean) => {
      socket.destroy();
      resolve(isConnected);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
