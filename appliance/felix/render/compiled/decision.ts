/**
 * What becomes of the packets of one cell: the entries they match, in order, up to the one that stops them. Pure.
 * Entries that match for certain only count (or log); a partial entry asks the packet once more, and where it leads away from the straight
 * way it has a branch of its own. A decision is a chain of the kernel, named by all that is in it.
 */
import type { Expression } from '../../../kernel/netlink/expression.ts';
import { branch, count } from '../match.ts';
import { contentName } from '../names.ts';
import type { ListSet, RenderedChain, RenderedRule } from '../rendered.ts';
import { serialise } from '../rendered.ts';
import type { SetFacts } from '../rule-match.ts';
import { renderRuleMatch } from '../rule-match.ts';
import type { Entry } from './entry.ts';
import { labelOf, ownerOf } from './entry.ts';

export interface Step {
  readonly entry: Entry;
  /** The packet matches only if the rule says so. */
  readonly isPartial: boolean;
  /** Where a packet goes on that matched, when that is not the next step. */
  readonly branch?: Decision;
}

export interface Decision {
  readonly name: string;
  readonly steps: readonly Step[];
  /** What it comes to, when there is nothing to count and nothing to ask. */
  readonly verdict?: 'accept' | 'drop';
}

/** Equal ways are one decision. */
export class Decisions {
  readonly #known = new Map<string, Decision>();

  get size(): number {
    return this.#known.size;
  }

  of(steps: readonly Step[]): Decision {
    const key = steps.map(keyOf).join();
    let decision = this.#known.get(key);
    if (decision === undefined) {
      const verdict = verdictOf(steps);
      decision = {
        name: contentName('hit', steps.map(textOf)),
        steps: steps.slice(),
        ...(verdict === undefined ? {} : { verdict }),
      };
      this.#known.set(key, decision);
    }
    return decision;
  }
}

function keyOf({ entry, isPartial, branch: to }: Step): string {
  return `${entry.serial}${isPartial ? 'p' : ''}${to === undefined ? '' : to.name}`;
}

function textOf({ entry, isPartial, branch: to }: Step): string {
  const { counter = '', effect, rule } = entry;
  return serialise([labelOf(entry), counter, effect, isPartial ? rule : '', to?.name ?? '']);
}

function verdictOf(steps: readonly Step[]): 'accept' | 'drop' | undefined {
  const [step] = steps;
  if (step === undefined || steps.length > 1 || step.isPartial || step.entry.counter !== undefined) return undefined;
  const [expression, ...more] = step.entry.effect;
  if (expression?.type !== 'verdict' || more.length > 0) return undefined;
  const { code } = expression.verdict;
  return code === 'accept' || code === 'drop' ? code : undefined;
}

/** Decisions that this one goes to. */
export function branchesOf({ steps }: Decision): Decision[] {
  return steps.flatMap(({ branch: to }) => (to === undefined || to.verdict !== undefined ? [] : [to]));
}

/** The rules of a decision's chain: what is certain in as few as possible, what is partial with its match. */
export function renderDecision({ steps }: Decision, factsOf: (setId: string) => SetFacts): RenderedChain {
  const rules: RenderedRule[] = [];
  const setIds = new Set<string>();
  const lists = new Map<string, ListSet>();
  const netSets = new Set<string>();
  let waiting: Entry[] = [];
  const flush = (entry: Entry, effect: readonly Expression[]) => {
    rules.push(certain([...waiting, entry], effect));
    waiting = [];
  };
  for (const { entry, isPartial, branch: to } of steps) {
    if (!isPartial) {
      if (entry.onward === 'stop' || entry.effect.length > 0) flush(entry, entry.effect);
      else waiting.push(entry);
      continue;
    }
    if (waiting.length > 0) flush(waiting.pop() as Entry, []);
    const match = renderRuleMatch(entry.rule as NonNullable<Entry['rule']>, factsOf);
    for (const id of match.setIds) setIds.add(id);
    for (const list of match.lists) lists.set(list.id, list);
    for (const set of match.netSets) netSets.add(set);
    for (const alternative of match.alternatives) rules.push(partial(entry, alternative, to));
  }
  return { rules, setIds: [...setIds], lists: [...lists.values()], netSets: [...netSets] };
}

/** One rule that counts all of these and does what the last of them says. */
function certain(entries: readonly Entry[], effect: readonly Expression[]): RenderedRule {
  const last = entries.at(-1) as Entry;
  const counters = entries.flatMap(({ counter }) => (counter === undefined ? [] : [counter]));
  const [counter, ...alsoCounts] = [...counters].reverse();
  return {
    label: labelOf(last),
    expressions: [...counters.map(count), ...effect],
    ...(counter === undefined ? {} : { counter }),
    ...(alsoCounts.length === 0 ? {} : { alsoCounts }),
    ...withOwner(last),
  };
}

function partial(entry: Entry, alternative: readonly Expression[], to: Decision | undefined): RenderedRule {
  const { counter, effect } = entry;
  return {
    label: labelOf(entry),
    expressions: [...alternative, ...(counter === undefined ? [] : [count(counter)]), ...(to ? leadTo(to) : effect)],
    ...(counter === undefined ? {} : { counter }),
    ...withOwner(entry),
  };
}

function withOwner(entry: Entry): Pick<RenderedRule, 'owner'> {
  const owner = ownerOf(entry);
  return owner === undefined ? {} : { owner };
}

function leadTo(to: Decision): Expression[] {
  return [to.verdict === undefined ? branch('goto', to.name) : { type: 'verdict', verdict: { code: to.verdict } }];
}
