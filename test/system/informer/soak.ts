/**
 * Rounds of changes under informers while the way to the server is cut, stalled or away for so long that history is gone, and the server is
 * drained or killed. At the end of each round writers pause, and the informers' caches must be what a plain list says. I/O.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { KubeConfig } from '@kubernetes/client-node';
import { LinkProxy } from '../../robustness/targets/link-proxy.ts';
import { tlsKubeconfig } from '../clients/kubeconfig.ts';
import { ClientServer } from '../clients/server.ts';
import { Journal } from './journal.ts';
import { type Observer, observe } from './observer.ts';
import { createMemories, type WatchedKind, watchedKinds, write } from './writers.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly roundSeconds: number;
  readonly writers: number;
  readonly changesPerSecond: number;
  readonly random: () => number;
  /** Told after each round. */
  readonly onRound: (report: SoakReport) => void;
}

export interface SoakReport {
  readonly seconds: number;
  readonly rounds: number;
  /** Acknowledged. */
  readonly changes: number;
  readonly events: number;
  /** Changes that only a list told. */
  readonly coalesced: number;
  readonly lists: number;
  readonly connects: number;
  readonly restarts: number;
  readonly kills: number;
  readonly cuts: number;
  readonly serverRssMib: number;
  /** Missed, stale, or a cache that is not what the server has. */
  readonly faults: readonly string[];
}

/** How long a cache may take to be right once nothing is written any more: the client waits up to 30 s between attempts. */
const settleMsMax = 60_000;
/** Less than this many revisions are soon written: watches that were away meet a history that has gone on without them. */
const history = { CALICO_HISTORY_REVISIONS: '100', CALICO_HISTORY_AGE: '1s' };

/** Runs it to its end. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  await using server = await ClientServer.start(history);
  await using link = new LinkProxy({ host: '127.0.0.1', port: server.httpsPort });
  await link.listen();
  const config = new KubeConfig();
  config.loadFromString(tlsKubeconfig(server, Number(new URL(link.endpoint).port)));
  const journals = { networksets: new Journal(), globalnetworksets: new Journal() };
  const world = new World(options, server, link, journals);
  try {
    for (const kind of watchedKinds) world.observers.set(kind, await observe(config, kind, journals[kind]));
    return await world.run();
  } finally {
    for (const observer of world.observers.values()) await observer.stop();
  }
}

class World {
  readonly #options: SoakOptions;
  readonly #server: ClientServer;
  readonly #link: LinkProxy;
  readonly #journals: Readonly<Record<WatchedKind, Journal>>;
  readonly #started = performance.now();
  readonly #count = { rounds: 0, restarts: 0, kills: 0, cuts: 0 };
  readonly #faults: string[] = [];
  readonly #memories: ReturnType<typeof createMemories>;
  readonly observers = new Map<WatchedKind, Observer>();

  constructor(
    options: SoakOptions,
    server: ClientServer,
    link: LinkProxy,
    journals: Readonly<Record<WatchedKind, Journal>>,
  ) {
    this.#options = options;
    this.#memories = createMemories(options.writers);
    this.#server = server;
    this.#link = link;
    this.#journals = journals;
  }

  async run(): Promise<SoakReport> {
    const disturbances = [
      () => this.#cut(),
      () => this.#restart('SIGTERM'),
      () => this.#away(),
      () => this.#stall(),
      () => this.#restart('SIGKILL'),
    ];
    while (this.#seconds() < this.#options.seconds) {
      await this.#round(disturbances[this.#count.rounds % disturbances.length]!);
      this.#count.rounds++;
      this.#options.onRound(this.#report());
    }
    return this.#report();
  }

  async #round(disturb: () => Promise<void>): Promise<void> {
    const { changesPerSecond, random, roundSeconds } = this.#options;
    const end = new AbortController();
    const wrote = (kind: WatchedKind, change: Parameters<Journal['wrote']>[0]) => this.#journals[kind].wrote(change);
    const writing = write({ server: this.#server, changesPerSecond, random, wrote }, this.#memories, end.signal);
    await sleep(roundSeconds * 300);
    await disturb();
    await sleep(roundSeconds * 400);
    end.abort();
    await writing;
    for (const kind of watchedKinds) this.#faults.push(...(await this.#judge(kind)));
  }

  async #judge(kind: WatchedKind): Promise<readonly string[]> {
    const deadline = performance.now() + settleMsMax;
    const { body } = await this.#server.call('GET', `/${kind}`);
    const wanted = byName(body.items);
    const isSame = () => isDeepStrictEqual(byName(this.observers.get(kind)!.list()), wanted);
    while (!isSame() && performance.now() < deadline) await sleep(20);
    const difference = isSame() ? [] : [`the cache of ${kind} is not what the server has`];
    return [...difference, ...this.#journals[kind].judge()];
  }

  async #cut(): Promise<void> {
    this.#count.cuts++;
    this.#link.cut();
    await sleep(300);
    this.#link.heal();
  }

  /** Until what was written meanwhile is more than the store remembers. */
  async #away(): Promise<void> {
    this.#count.cuts++;
    this.#link.cut();
    await sleep(Math.max(1500, (250 / this.#options.changesPerSecond) * 1000));
    this.#link.heal();
  }

  /** Nothing arrives, nothing breaks; then all at once. */
  async #stall(): Promise<void> {
    this.#link.stall();
    await sleep(this.#options.roundSeconds * 200);
    this.#link.heal();
  }

  async #restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#count[signal === 'SIGTERM' ? 'restarts' : 'kills']++;
    await this.#server.restart(signal);
  }

  #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  #report(): SoakReport {
    const journals = Object.values(this.#journals);
    const sum = (read: (journal: Journal) => number) => journals.reduce((total, journal) => total + read(journal), 0);
    return {
      seconds: Math.round(this.#seconds()),
      ...this.#count,
      changes: sum(({ changes }) => changes),
      events: sum(({ events }) => events),
      coalesced: sum(({ coalesced }) => coalesced),
      lists: sum(({ listings }) => listings),
      connects: [...this.observers.values()].reduce((total, { connects }) => total + connects, 0),
      serverRssMib: Math.round(this.#server.rssMib()),
      faults: [...this.#faults],
    };
  }
}

function byName(objects: readonly { metadata?: { namespace?: string; name?: string } }[]): Record<string, unknown> {
  return Object.fromEntries(
    objects.map((object) => [`${object.metadata?.namespace ?? ''}/${object.metadata?.name}`, object]),
  );
}
