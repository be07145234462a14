/**
 * Judges live flows again when policy changed, and marks those that it no longer allows; the rules of `render/known-flow.ts` do the rest. I/O.
 * Runs beside the passes, after the kernel has the new rules. One round reads the connections of the endpoints concerned and judges them in slices;
 * the next one waits ten times as long as it took, so that a host with very many connections spends a tenth of a core at most.
 */
import type { Connection, Kernel } from '../../../kernel/kernel.ts';
import { inSlices } from '../../../kernel/netlink/serial.ts';
import type { Logger } from '../../../lib/log.ts';
import type { Message } from '../../model/messages.ts';
import type { HostInterface } from '../../render/host-resolution.ts';
import { areFlowsReevaluated } from '../../render/known-flow.ts';
import { allotMarks } from '../../render/marks.ts';
import type { Clock } from '../clock.ts';
import type { Work } from '../nftables/work.ts';
import { type FlowPlaces, type FlowRules, isDenied } from './judge.ts';
import { concernedAddresses, type FlowWorld, placesOf } from './places.ts';
import { SetLookups } from './set-lookup.ts';
import { Touched } from './touched.ts';

export interface LiveFlowsParts {
  readonly kernel: Pick<Kernel, 'connections' | 'countMarked' | 'markConnections'>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly world: FlowWorld;
  readonly interfaces: () => Iterable<HostInterface>;
  /** Marked connections are there now, or no more: rules that only concern them are needed, or not. */
  readonly onSuspects?: ((areThere: boolean) => void) | undefined;
  /** Called after each round; for tests and benches. */
  readonly onRound?: ((round: FlowRound) => void) | undefined;
}

export interface FlowRound {
  readonly judged: number;
  readonly cut: number;
  readonly restored: number;
  readonly tookMs: number;
}

const pauseFactor = 10;
const pauseMinMs = 100;
const pauseAfterFailureMs = 5_000;
/** How long after a round it is looked whether its suspects have ended. */
const lookAgainMs = 60_000;

export class LiveFlows {
  readonly #parts: LiveFlowsParts;
  readonly #sets: SetLookups;
  /** At start all of them: policy may have changed while nobody watched. */
  #touched = new Touched(true);
  #running: Promise<void> | undefined;
  #timer: { cancel(): void } | undefined;
  #lookTimer: { cancel(): void } | undefined;
  #areSuspects = false;
  #nextMs = 0;
  #isClosed = false;

  constructor(parts: LiveFlowsParts) {
    this.#parts = parts;
    this.#sets = new SetLookups((id) => parts.world.membersOf(id));
  }

  /** Before the first pass: what was marked before this start may still be there. */
  async open(): Promise<void> {
    try {
      await this.#countSuspects();
    } catch (error) {
      this.#parts.log.warn({ error: String(error) }, 'live flows cannot be read');
      this.#setSuspects(true);
    }
  }

  /** After the desired state took the message. */
  onMessage(message: Message): void {
    if (message.type === 'ip-set-update' || message.type === 'ip-set-delta' || message.type === 'ip-set-remove') {
      this.#sets.forget(message.id);
    }
    this.#touched.take(message);
  }

  /** The kernel has the rules now. */
  onApplied(): void {
    const { world, clock } = this.#parts;
    if (this.#isClosed || this.#timer !== undefined || this.#running !== undefined || !this.#touched.isAny) return;
    const { config } = world;
    if (config === undefined) return;
    if (!areFlowsReevaluated({ config, marks: allotMarks(config.markMask) })) {
      // Nothing is kept of what nobody will look at; once it is switched on, everything is looked at.
      this.#touched = new Touched(true);
      return;
    }
    this.#timer = clock.after(Math.max(0, this.#nextMs - clock.now()), () => this.#start());
  }

  /** Resolves when no round runs or waits for its time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    this.#lookTimer?.cancel();
    await this.#running;
  }

  #start(): void {
    this.#timer = undefined;
    const { clock, log } = this.#parts;
    const startMs = clock.now();
    const touched = this.#touched;
    this.#touched = new Touched(false);
    this.#running = this.#round(touched)
      .then(
        () => Math.max(pauseMinMs, pauseFactor * (clock.now() - startMs)),
        (error: unknown) => {
          if (!this.#isClosed) log.warn({ error: String(error) }, 'live flows cannot be judged');
          this.#touched.touchAll();
          return pauseAfterFailureMs;
        },
      )
      .then((pauseMs) => {
        this.#nextMs = clock.now() + pauseMs;
        this.#end();
      });
  }

  #end(): void {
    this.#running = undefined;
    if (this.#areSuspects && !this.#isClosed) {
      this.#lookTimer ??= this.#parts.clock.after(lookAgainMs, () => this.#look());
    }
    this.onApplied();
  }

  /** Connections end without a word. */
  #look(): void {
    this.#lookTimer = undefined;
    if (this.#running === undefined) {
      this.#running = this.#countSuspects().then(
        () => this.#end(),
        () => this.#end(),
      );
    }
  }

  async #countSuspects(): Promise<void> {
    const { world, kernel } = this.#parts;
    const bit = world.config === undefined ? 0 : allotMarks(world.config.markMask).suspect;
    this.#setSuspects(bit !== 0 && (await kernel.countMarked(bit)) > 0);
  }

  #setSuspects(areThere: boolean): void {
    const { onSuspects } = this.#parts;
    if (onSuspects === undefined || this.#areSuspects === areThere) return;
    this.#areSuspects = areThere;
    onSuspects(areThere);
  }

  async #round(touched: Touched): Promise<void> {
    const { world, kernel, clock, onRound } = this.#parts;
    const { config } = world;
    if (config === undefined) return;
    const startMs = clock.now();
    const rules: FlowRules = {
      policyOf: (id) => world.policyOf(id),
      profileOf: (name) => world.profileOf(name),
      sets: this.#sets,
    };
    const concerned = concernedAddresses(world, this.#parts.interfaces(), touched, rules);
    if (concerned !== 'all' && concerned.size === 0) return;
    const connections = await kernel.connections(concerned === 'all' ? undefined : concerned);
    const places = placesOf(world, config, this.#parts.interfaces());
    const bit = allotMarks(config.markMask).suspect;
    const { cut, restored, denied } = await inSlices(judge(connections, places, rules, bit));
    if (cut.length > 0) await kernel.markConnections(cut, { mark: bit, mask: bit });
    if (restored.length > 0) await kernel.markConnections(restored, { mark: 0, mask: bit });
    if (denied > 0) this.#setSuspects(true);
    else if (restored.length > 0) await this.#countSuspects();
    const tookMs = clock.now() - startMs;
    onRound?.({ judged: connections.length, cut: cut.length, restored: restored.length, tookMs });
    if (cut.length > 0) this.#parts.log.info({ flows: cut.length }, 'cut live flows that policy no longer allows');
  }
}

function* judge(
  connections: readonly Connection[],
  places: FlowPlaces,
  rules: FlowRules,
  bit: number,
): Work<{ cut: Connection[]; restored: Connection[]; denied: number }> {
  const cut: Connection[] = [];
  const restored: Connection[] = [];
  let denied = 0;
  for (const connection of connections) {
    const isMarked = (connection.mark & bit) !== 0;
    const isWrong = isDenied(connection, places, rules);
    if (isWrong) denied++;
    if (isWrong !== isMarked) (isMarked ? restored : cut).push(connection);
    yield;
  }
  return { cut, restored, denied };
}
