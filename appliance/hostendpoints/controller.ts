/**
 * Keeps the automatic host endpoints of one host. Each host's agent runs it for its own Node, so that no central process is needed; where Calico's
 * kube-controllers runs over the same store, it makes the same objects, and whoever comes second finds nothing to do. I/O through the store:
 * it hears of changes from the agent's syncer, reads nothing itself, and writes only what differs.
 */
import type { Resources } from '../datastore/resources.ts';
import type { Update } from '../datastore/syncer.ts';
import { hasCode } from '../lib/errors.ts';
import type { Logger } from '../lib/log.ts';
import { WritePace } from '../lib/write-pace.ts';
import { parseStoreKey, type ResourceIdentity, storePrefix } from '../resources/key.ts';
import { kindOf } from '../resources/registry.ts';
import { apiVersion, type Resource } from '../resources/resource.ts';
import { decodeStored } from '../resources/stored.ts';
import { wantedEndpoints } from './automatic.ts';
import { type HostEndpointWrite, isAutomatic, planWrites } from './plan.ts';
import { readSettings } from './settings.ts';

export interface HostEndpointControllerOptions {
  readonly nodename: string;
  readonly resources: Pick<Resources, 'create' | 'modify' | 'delete'>;
  /** The store is ready for writes; asked before each round. */
  readonly mayWrite: () => boolean;
  readonly log: Logger;
  /** Rest after a change, so that several are taken together. */
  readonly settleMs?: number;
  readonly retryMs?: number;
}

export interface HostEndpointController {
  onUpdates(updates: readonly Update[]): void;
  /** Everything that is stored has been told. */
  onInSync(): void;
  close(): Promise<void>;
}

const kind = kindOf('HostEndpoint')!;
const prefixes = ['HostEndpoint', 'Node', 'KubeControllersConfiguration'].map((name) => storePrefix(kindOf(name)!));
const retryMsMax = 30_000;
/** Who writes one of these again and again is in a quarrel with somebody. */
const pace = { minMs: 1_000, maxMs: 300_000, windowMs: 600_000 };

export function createHostEndpointController(options: HostEndpointControllerOptions): HostEndpointController {
  return new Controller(options);
}

class Controller implements HostEndpointController {
  readonly #options: HostEndpointControllerOptions;
  #node: Resource | undefined;
  #configuration: Resource | undefined;
  /** Of this host only. */
  readonly #stored = new Map<string, Resource>();
  readonly #paces = new Map<string, WritePace>();
  #isInSync = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #dueMs = 0;
  #running: Promise<void> = Promise.resolve();
  #told = '';
  #failures = 0;
  readonly #quotedName: string;

  constructor(options: HostEndpointControllerOptions) {
    this.#options = options;
    this.#quotedName = JSON.stringify(options.nodename);
  }

  onUpdates(updates: readonly Update[]): void {
    let isNews = false;
    for (const update of updates) isNews = this.#take(update) || isNews;
    if (isNews) this.#schedule();
  }

  onInSync(): void {
    this.#isInSync = true;
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** True when it concerns this host's endpoints. */
  #take({ key, value, revision }: Update): boolean {
    const identity = interesting(key, this.#options.nodename);
    if (identity === undefined) return false;
    // a fleet has very many host endpoints: those that nowhere name this host are not read
    if (identity.kind === kind && value?.includes(this.#quotedName) === false)
      return this.#stored.delete(identity.name);
    const decoded = value === undefined ? undefined : decodeStored(key, value, revision);
    const resource = decoded?.ok === true ? decoded.value : undefined;
    if (identity.kind.kind === 'Node') this.#node = resource;
    else if (identity.kind.kind === 'KubeControllersConfiguration') this.#configuration = resource;
    else if (resource?.spec.node === this.#options.nodename) this.#stored.set(identity.name, resource);
    else return this.#stored.delete(identity.name);
    return true;
  }

  #schedule(delayMs = this.#options.settleMs ?? 100): void {
    if (!this.#isInSync || this.#isClosed) return;
    const dueMs = performance.now() + delayMs;
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return;
    clearTimeout(this.#timer);
    this.#dueMs = dueMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#round());
    }, delayMs).unref();
  }

  async #round(): Promise<void> {
    const { mayWrite, retryMs = 1_000 } = this.#options;
    if (this.#isClosed) return;
    if (!mayWrite()) return this.#schedule(retryMs);
    const settings = readSettings(this.#configuration);
    if (settings === undefined || this.#node === undefined) return;
    const { writes, problems } = planWrites(wantedEndpoints(this.#node, settings), this.#stored);
    const failed: string[] = [];
    for (const write of writes) {
      if (this.#isClosed) return;
      const failure = await this.#attempt(write);
      if (failure !== undefined) failed.push(failure);
    }
    this.#tell([...problems, ...failed]);
    this.#failures = failed.length === 0 ? 0 : this.#failures + 1;
    if (failed.length > 0) this.#schedule(Math.min(retryMsMax, retryMs * 2 ** (this.#failures - 1)));
  }

  /** Why it could not be done; what another did meanwhile is heard of and looked at again then. */
  async #attempt(write: HostEndpointWrite): Promise<string | undefined> {
    const paced = this.#paces.get(write.name) ?? new WritePace(pace);
    const delayMs = paced.delayMs(performance.now());
    if (delayMs > 0) {
      this.#schedule(delayMs);
      return undefined;
    }
    try {
      await this.#write(write);
      this.#paces.set(write.name, paced);
      paced.onWritten(performance.now());
      this.#options.log.info({ kind: kind.kind, name: write.name, change: write.type }, 'automatic host endpoint');
      return undefined;
    } catch (error) {
      if (overtaken.some((code) => hasCode(error, code))) return undefined;
      return `HostEndpoint ${write.name}: ${(error as Error).message}`;
    }
  }

  async #write(write: HostEndpointWrite): Promise<void> {
    const { resources, nodename } = this.#options;
    const { name } = write;
    const ref = { kind, namespace: '', name };
    if (write.type === 'delete') {
      await resources.delete(ref, { isSystem: true, resourceVersion: write.resourceVersion });
      return;
    }
    const { labels, annotations, spec } = write.wanted;
    if (write.type === 'create') {
      const metadata = { name, labels, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) };
      await resources.create({ apiVersion, kind: kind.kind, metadata, spec }, { isSystem: true });
      return;
    }
    const change = (current: Resource) => {
      if (current.spec.node !== nodename || !isAutomatic(current)) return current;
      const merged = { ...current.metadata.annotations, ...annotations };
      return {
        ...current,
        metadata: { ...current.metadata, labels, ...(Object.keys(merged).length === 0 ? {} : { annotations: merged }) },
        spec,
      };
    };
    await resources.modify(ref, change, { isSystem: true });
  }

  /** Each new state of affairs once. */
  #tell(problems: readonly string[]): void {
    const text = problems.join('\n');
    if (text !== this.#told)
      for (const problem of problems) this.#options.log.warn({ problem }, 'automatic host endpoints');
    this.#told = text;
  }
}

/** Somebody was faster. */
const overtaken = ['RESOURCE_EXISTS', 'RESOURCE_NOT_FOUND', 'RESOURCE_CONFLICT'] as const;

function interesting(key: string, nodename: string): ResourceIdentity | undefined {
  if (!prefixes.some((prefix) => key.startsWith(prefix))) return undefined;
  const identity = parseStoreKey(key);
  if (identity === undefined) return undefined;
  const { name } = identity;
  if (identity.kind.kind === 'HostEndpoint') return identity;
  if (identity.kind.kind === 'Node') return name === nodename ? identity : undefined;
  return identity.kind.kind === 'KubeControllersConfiguration' && name === 'default' ? identity : undefined;
}
