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
  readonly kernel: Pick<Kernel, 'connections' | 'markConnections'>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly world: FlowWorld;
  readonly interfaces: () => Iterable<HostInterface>;
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

export class LiveFlows {
  readonly #parts: LiveFlowsParts;
  readonly #sets: SetLookups;
  /** At start all of them: policy may have changed while nobody watched. */
  #touched = new Touched(true);
  #running: Promise<void> | undefined;
  #timer: { cancel(): void } | undefined;
  #nextMs = 0;
  #isClosed = false;

  constructor(parts: LiveFlowsParts) {
    this.#parts = parts;
    this.#sets = new SetLookups((id) => parts.world.membersOf(id));
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
        this.#running = undefined;
        this.onApplied();
      });
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
    const { cut, restored } = await inSlices(judge(connections, places, rules, bit));
    if (cut.length > 0) await kernel.markConnections(cut, { mark: bit, mask: bit });
    if (restored.length > 0) await kernel.markConnections(restored, { mark: 0, mask: bit });
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
): Work<{ cut: Connection[]; restored: Connection[] }> {
  const cut: Connection[] = [];
  const restored: Connection[] = [];
  for (const connection of connections) {
    const isMarked = (connection.mark & bit) !== 0;
    if (isDenied(connection, places, rules) !== isMarked) (isMarked ? restored : cut).push(connection);
    yield;
  }
  return { cut, restored };
}
