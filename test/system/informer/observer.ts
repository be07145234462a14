/** One informer of the JavaScript client over one kind, with what it sees written into a journal. I/O. */
import {
  CustomObjectsApi,
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node';
import type { Journal } from './journal.ts';
import type { WatchedKind } from './writers.ts';

export interface Observer {
  /** Watches begun, the first one included. */
  readonly connects: number;
  /** Errors it met and began again after. */
  readonly errors: number;
  list(): readonly KubernetesObject[];
  stop(): Promise<void>;
}

const group = { group: 'projectcalico.org', version: 'v3' };
const againMs = 250;

/** Starts it; after an error it begins again, as the client's documentation has it. */
export async function observe(config: KubeConfig, kind: WatchedKind, journal: Journal): Promise<Observer> {
  const api = config.makeApiClient(CustomObjectsApi);
  const count = { connects: 0, errors: 0 };
  let isListing = false;
  let isStopped = false;
  const list = async () => {
    const found = (await api.listClusterCustomObject({
      ...group,
      plural: kind,
    })) as KubernetesListObject<KubernetesObject>;
    journal.listed(Number(found.metadata?.resourceVersion));
    // the informer goes through the items before anything else has its turn
    isListing = true;
    setImmediate(() => {
      isListing = false;
    });
    return found;
  };
  const informer = makeInformer(config, `/apis/projectcalico.org/v3/${kind}`, list);
  const note = (type: 'put' | 'delete') => (object: KubernetesObject) => {
    const { namespace = '', name, resourceVersion } = object.metadata!;
    if (!isListing) journal.saw({ key: `${namespace}/${name}`, type, revision: Number(resourceVersion) });
  };
  informer.on('add', note('put'));
  informer.on('update', note('put'));
  informer.on('delete', note('delete'));
  informer.on('connect', () => {
    count.connects++;
  });
  informer.on('error', () => {
    count.errors++;
    if (!isStopped) setTimeout(() => void informer.start(), againMs);
  });
  await informer.start();
  return {
    get connects() {
      return count.connects;
    },
    get errors() {
      return count.errors;
    },
    list: () => informer.list(),
    async stop() {
      isStopped = true;
      await informer.stop();
    },
  };
}
