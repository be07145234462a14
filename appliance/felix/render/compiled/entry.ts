/**
 * The rules an endpoint's list asks, as one flat sequence: policies of all tiers, the ends of tiers, profiles, the end of the list. Pure.
 * What matched goes on somewhere: nowhere (a verdict), at the next entry, behind its policy (staged), or behind its tier (Pass).
 */
import type { Expression } from '../../../kernel/netlink/expression.ts';
import type { Policy, PolicyId, ProfileRules, Rule } from '../../model/policy.ts';
import { printPolicyId } from '../../model/policy.ts';
import type { ListChain, TierChain } from '../chain-spec.ts';
import { endpointCounters } from '../endpoint-chain.ts';
import { verdict } from '../match.ts';
import type { Direction } from '../names.ts';
import { tierCounterName } from '../names.ts';
import type { RenderContext } from '../policy.ts';
import { denyExpression, policyActions, profileActions, refusedProfile } from '../policy.ts';
import type { RuleOwner } from '../rendered.ts';
import { stageTraits } from '../stage.ts';

/** Where a packet that matched goes on. `leave-policy` and `leave-tier` skip what is left of them. */
export type Onward = 'stop' | 'next' | 'leave-policy' | 'leave-tier';

/** There are tens of thousands: what can be said of one when it is asked is not kept. */
export interface Entry {
  /** Different for every entry that was ever made. */
  readonly serial: number;
  /** What it is called; of a rule of a policy or profile `labelOf()` says it. */
  readonly label?: string;
  /** Absent: every packet matches. */
  readonly rule?: Rule;
  readonly onward: Onward;
  readonly counter?: string;
  /** What it does when it matched, behind counting. */
  readonly effect: readonly Expression[];
  /** The rule it stands for: of this policy, or of the profile of this name. */
  readonly of?: PolicyId | string;
  readonly direction?: Direction;
  readonly index?: number;
}

export function labelOf({ label, of, direction, index, rule }: Entry): string {
  if (label !== undefined || of === undefined) return label ?? '';
  return `${typeof of === 'string' ? `profile ${of}` : printPolicyId(of)} ${direction} ${index} ${rule?.action}`;
}

/** The rule, for refusals. */
export function ownerOf({ of, direction, index }: Entry): RuleOwner | undefined {
  if (of === undefined || direction === undefined || index === undefined) return undefined;
  return { owned: typeof of === 'string' ? refusedProfile(of) : printPolicyId(of), direction, index };
}

/** A list's entries in order; `jumps[i]` is where a packet that matched entry i goes on, -1 for nowhere. */
export interface EntryList {
  readonly entries: readonly Entry[];
  readonly jumps: Int32Array;
}

/** Policies and profiles as they count now; `refused` are rules the kernel did not take. */
export interface RuleSources {
  readonly policyOf: (id: PolicyId) => Policy | undefined;
  readonly profileOf: (name: string) => ProfileRules | undefined;
  readonly refusedOf: (owner: string, direction: Direction) => ReadonlySet<number> | undefined;
}

/** Makes entries; those of a policy that has not changed are the same objects again, so that lists find out what changed. */
export class EntryMaker {
  readonly #context: RenderContext;
  readonly #sources: RuleSources;
  readonly #known: KnownEntries;

  constructor(context: RenderContext, sources: RuleSources, known: KnownEntries) {
    this.#context = context;
    this.#sources = sources;
    this.#known = known;
  }

  list(list: ListChain): EntryList {
    const blocks: Block[] = [];
    for (const tier of list.tiers) {
      const policies = tier.policies.map((chain) => this.#policyEntries(chain.id, chain));
      blocks.push({ groups: [...policies, this.#tierEnd(tier)] });
    }
    for (const chain of list.profiles) blocks.push({ groups: [this.#profileEntries(chain.profile, chain)] });
    blocks.push({ groups: [[this.#end(list)]] });
    return layOut(blocks);
  }

  #policyEntries(id: PolicyId, use: { direction: Direction; isDropOnly: boolean }): readonly Entry[] {
    const text = printPolicyId(id);
    const policy = this.#sources.policyOf(id);
    if (policy === undefined) return this.#known.get(`missing ${text}`, nothing, () => [missing(`${text} is missing`)]);
    const refused = this.#sources.refusedOf(text, use.direction);
    return this.#known.get(keyOf(use, refused), policy, () => {
      const owner = policyActions(id, policy, use, this.#context);
      const onward = policy.isStaged ? stagedOnward : policyOnward;
      const rules = use.direction === 'ingress' ? policy.inbound : policy.outbound;
      return rulesOf(rules, { ...owner, of: id, onward, refused });
    });
  }

  #profileEntries(name: string, use: { direction: Direction; isDropOnly: boolean }): readonly Entry[] {
    const profile = this.#sources.profileOf(name);
    if (profile === undefined) {
      return this.#known.get(`missing profile ${name}`, nothing, () => [missing(`profile ${name} is missing`)]);
    }
    const refused = this.#sources.refusedOf(refusedProfile(name), use.direction);
    return this.#known.get(keyOf(use, refused), profile, () => {
      const owner = profileActions(name, use, this.#context);
      const rules = use.direction === 'ingress' ? profile.inbound : profile.outbound;
      return rulesOf(rules, { ...owner, of: name, onward: policyOnward, refused });
    });
  }

  #tierEnd(tier: TierChain): readonly Entry[] {
    const isEnforced = tier.policies.some(({ id }) => this.#sources.policyOf(id)?.isStaged !== true);
    if (!tier.doesDrop || !isEnforced) return [];
    const counter = tierCounterName(tier.tier, tier.direction);
    return this.#known.get(`end of ${counter} ${tier.isDropOnly}`, nothing, () => [
      stop(
        `end of tier ${tier.tier} ${tier.direction}`,
        [denyExpression(this.#context.config, tier.isDropOnly)],
        counter,
      ),
    ]);
  }

  #end({ kind }: ListChain): Entry {
    const { isClosed, direction, isDropOnly } = stageTraits[kind];
    const [end] = this.#known.get(`end ${isClosed} ${direction} ${isDropOnly}`, nothing, () => [
      isClosed
        ? stop('nothing accepted', [denyExpression(this.#context.config, isDropOnly)], endpointCounters[direction])
        : stop('nothing decided', [verdict('accept')]),
    ]);
    return end as Entry;
  }
}

/** Entries by what they are of; they last as long as the object they were made from, and the configuration. */
export class KnownEntries {
  /** Few of one object: keys, each followed by its entries. */
  readonly #known = new WeakMap<object, readonly (string | readonly Entry[])[]>();
  readonly #others = new Map<string, readonly Entry[]>();

  get(key: string, source: object, make: () => readonly Entry[]): readonly Entry[] {
    if (source === nothing) return this.#other(key, make);
    const known = this.#known.get(source) ?? [];
    const at = known.indexOf(key);
    if (at >= 0) return known[at + 1] as readonly Entry[];
    const entries = make();
    this.#known.set(source, known.concat([key, entries]));
    return entries;
  }

  /** Entries that are made of nothing that changes. */
  #other(key: string, make: () => readonly Entry[]): readonly Entry[] {
    const entries = this.#others.get(key) ?? make();
    this.#others.set(key, entries);
    return entries;
  }
}

/** A tier or a profile: groups of entries that are left together. */
interface Block {
  readonly groups: readonly (readonly Entry[])[];
}

/** Of a policy or profile that is known; nearly always one of four texts. */
function keyOf(use: { direction: Direction; isDropOnly: boolean }, refused: ReadonlySet<number> | undefined): string {
  const key = use.isDropOnly ? dropOnlyKeys[use.direction] : use.direction;
  return refused === undefined || refused.size === 0 ? key : `${key} ${[...refused].join()}`;
}

const dropOnlyKeys = { ingress: 'ingress drop-only', egress: 'egress drop-only' } as const;

interface RulesOwner {
  readonly of: PolicyId | string;
  readonly direction: Direction;
  readonly counterOf: (index: number) => string;
  readonly actions: Readonly<Record<Rule['action'], readonly Expression[]>>;
  readonly onward: Readonly<Record<Rule['action'], Onward>>;
  readonly refused: ReadonlySet<number> | undefined;
}

const nothing = {};
const policyOnward = { allow: 'stop', deny: 'stop', pass: 'leave-tier', log: 'next' } as const;
const stagedOnward = { allow: 'leave-policy', deny: 'leave-policy', pass: 'leave-policy', log: 'next' } as const;

let serial = 0;

function stop(label: string, effect: readonly Expression[], counter?: string): Entry {
  return { serial: serial++, label, onward: 'stop', effect, ...(counter === undefined ? {} : { counter }) };
}

function missing(label: string): Entry {
  return stop(label, [verdict('drop')]);
}

function rulesOf(rules: readonly Rule[], { of, direction, ...owner }: RulesOwner): Entry[] {
  const entries = rules.flatMap((rule, index): Entry[] => {
    const counter = inOnePiece(owner.counterOf(index));
    const onward = owner.onward[rule.action];
    // What only leaves its policy or tier has nothing to do: the cell goes on where it leads.
    const effect = onward === 'leave-policy' || onward === 'leave-tier' ? none : lone(owner.actions[rule.action]);
    const entry = { serial: serial++, rule, onward, counter, effect, of, direction, index };
    if (!owner.refused?.has(index)) return [entry];
    if (rule.action === 'allow' || rule.action === 'log') return [];
    return [{ ...stop(`${labelOf(entry)} (refused: drops all)`, [verdict('drop')], counter), of, direction, index }];
  });
  // A copy has no room for more.
  return entries.slice();
}

const none: readonly Expression[] = [];
const loneEffects = new WeakMap<Expression, readonly Expression[]>();

/** Most do one thing, and the same. */
function lone(effect: readonly Expression[]): readonly Expression[] {
  const [only, another] = effect;
  if (only === undefined || another !== undefined) return effect;
  const known = loneEffects.get(only) ?? effect;
  loneEffects.set(only, known);
  return known;
}

/** Text put together is kept as a tree of its parts. */
function inOnePiece(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function layOut(blocks: readonly Block[]): EntryList {
  const entries = blocks.flatMap(({ groups }) => groups.flat());
  const jumps = new Int32Array(entries.length);
  let at = 0;
  for (const { groups } of blocks) {
    const blockEnd = at + groups.reduce((sum, group) => sum + group.length, 0);
    for (const group of groups) {
      const groupEnd = at + group.length;
      for (const { onward } of group) {
        jumps[at] =
          onward === 'stop' ? -1 : onward === 'next' ? at + 1 : onward === 'leave-policy' ? groupEnd : blockEnd;
        at++;
      }
    }
  }
  return { entries, jumps };
}
