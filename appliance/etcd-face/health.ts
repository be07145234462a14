/** The gRPC health service over the state of the store: SERVING unless the store does not answer or has an alarm. I/O: asks the store on a timer. */
import type { Server } from '@grpc/grpc-js';
import { HealthImplementation, type ServingStatus } from 'grpc-health-check';
import type { Store } from '../datastore/store.ts';

export interface Health {
  /** Tells everybody that this server stops. */
  close(): void;
}

const intervalMs = 5_000;

/** Adds `grpc.health.v1.Health` to `server`, for the whole (the empty name) and for each of `services`. */
export function addHealthService(server: Server, store: Store, services: readonly string[]): Health {
  const names = ['', ...services];
  const health = new HealthImplementation(Object.fromEntries(names.map((name) => [name, 'SERVING'])));
  health.addToServer(server);
  let told: ServingStatus = 'SERVING';
  const tell = (status: ServingStatus) => {
    if (status === told) return;
    told = status;
    for (const name of names) health.setStatus(name, status);
  };
  let isClosed = false;
  const check = async () => {
    const status = await statusOf(store);
    if (!isClosed) tell(status);
  };
  const timer = setInterval(() => void check(), intervalMs).unref();
  return {
    close() {
      isClosed = true;
      clearInterval(timer);
      tell('NOT_SERVING');
    },
  };
}

async function statusOf(store: Store): Promise<ServingStatus> {
  try {
    return (await store.status()).alarms.length === 0 ? 'SERVING' : 'NOT_SERVING';
  } catch {
    return 'NOT_SERVING';
  }
}
