/**
 * One IP set: what it should hold, counted by contributor, and what has changed since it was last announced. Pure.
 */
import { assert } from '#appliance/lib/assert.ts';
import { SmallSet } from '#appliance/lib/collections/small-set.ts';
import type { Work } from '#appliance/lib/work.ts';
import type { Selector } from '#appliance/selector/ast.ts';
import type { IpSetType, Message } from '../model/messages.ts';
import type { EndpointPort } from './convert/port.ts';

/** What a rule needs a set to hold. */
export interface IpSetDefinition {
  readonly id: string;
  readonly setType: IpSetType;
  /** Absent for sets of services: nothing tells us of their members yet. */
  readonly selector?: Selector;
  /** Only ports of this name count; `protocol` absent means any. */
  readonly port?: { readonly name: string; readonly protocol?: number };
}

/** What an endpoint or network set brings to the sets it matches. `nets` are set members: canonical, never /0. */
export interface Contributor {
  readonly nets: readonly string[];
  readonly ports: readonly EndpointPort[];
}

/** Nets counted in or out without a rest. */
const netsAtOnce = 1_000;

/** By how much members count more or less. */
type Step = 1 | -1;

interface Waiting {
  readonly nets: readonly string[];
  readonly by: Step;
}

interface MemberChange {
  readonly added: Set<string>;
  readonly removed: Set<string>;
}

/** Starts empty, unannounced and unreferenced. */
export class IpSet {
  readonly definition: IpSetDefinition;
  /** Rules that need it. */
  references = 0;
  #isSent = false;
  readonly #members = new SmallSet<string>();
  /** Of members that several contributors bring, how many more than one; few are. */
  #repeats: Map<string, number> | undefined;
  #change: MemberChange | undefined;
  /** What joined or left and is not counted yet: something large, and what came after it. */
  #waiting: Waiting[] | undefined;

  constructor(definition: IpSetDefinition) {
    this.definition = definition;
  }

  get isSent(): boolean {
    return this.#isSent;
  }

  /** Counts the contributor's members in. */
  join(contributor: Contributor): void {
    this.#take(contributor, 1);
  }

  /** Counts them out again; must be given what was given to `join`. */
  leave(contributor: Contributor): void {
    this.#take(contributor, -1);
  }

  /** Counts what is too large to be counted when it comes; to be done before `takeUpdate`. */
  *settle(): Work {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const { nets, by } of waiting ?? []) {
      for (let at = 0; at < nets.length; at += netsAtOnce) {
        for (const net of nets.slice(at, at + netsAtOnce)) this.#count(net, by);
        yield;
      }
    }
  }

  /** It is to be announced whole again. */
  forgetSent(): void {
    this.#isSent = false;
    this.#change = undefined;
  }

  /** The message that brings the other side up to date, if it is not. The whole set at first, the difference later. */
  takeUpdate(): Message | undefined {
    assert(this.#waiting === undefined, 'a set is settled before it is sent');
    const { id, setType } = this.definition;
    if (!this.#isSent) {
      this.#isSent = true;
      this.#members.trim();
      return { type: 'ip-set-update', id, setType, members: [...this.#members] };
    }
    const change = this.#change;
    this.#change = undefined;
    if (change === undefined || change.added.size + change.removed.size === 0) return undefined;
    return { type: 'ip-set-delta', id, added: [...change.added], removed: [...change.removed] };
  }

  /** Most sets never change, so room for changes is made when the first comes. */
  #pending(): MemberChange {
    this.#change ??= { added: new Set(), removed: new Set() };
    return this.#change;
  }

  /** In the order of coming: what leaves has joined before. */
  #take(contributor: Contributor, by: Step): void {
    const { setType, port } = this.definition;
    const { nets } = contributor;
    if (setType !== 'net') {
      if (port !== undefined) eachPair(contributor, port, (member) => this.#count(member, by));
    } else if (this.#waiting !== undefined || nets.length > netsAtOnce) {
      this.#waiting ??= [];
      this.#waiting.push({ nets, by });
    } else {
      for (const net of nets) this.#count(net, by);
    }
  }

  #count(member: string, by: Step): void {
    if (by === 1) this.#countIn(member);
    else this.#countOut(member);
  }

  #countIn(member: string): void {
    const { size } = this.#members;
    this.#members.add(member);
    if (this.#members.size > size) {
      if (this.#isSent) noteAdded(this.#pending(), member);
      return;
    }
    this.#repeats ??= new Map();
    this.#repeats.set(member, (this.#repeats.get(member) ?? 0) + 1);
  }

  #countOut(member: string): void {
    const repeats = this.#repeats?.get(member) ?? 0;
    if (repeats > 1) this.#repeats?.set(member, repeats - 1);
    if (repeats === 1) this.#repeats?.delete(member);
    if (repeats > 0) return;
    this.#members.delete(member);
    if (this.#isSent) noteRemoved(this.#pending(), member);
  }
}

function noteAdded({ added, removed }: MemberChange, member: string): void {
  if (!removed.delete(member)) added.add(member);
}

function noteRemoved({ added, removed }: MemberChange, member: string): void {
  if (!added.delete(member)) removed.add(member);
}

function eachPair(
  contributor: Contributor,
  wanted: { readonly name: string; readonly protocol?: number },
  visit: (member: string) => void,
): void {
  for (const { name, protocol, port } of contributor.ports) {
    if (name !== wanted.name || (wanted.protocol !== undefined && wanted.protocol !== protocol)) continue;
    for (const net of contributor.nets) visit(`${net.slice(0, net.indexOf('/'))},${protocol}:${port}`);
  }
}
