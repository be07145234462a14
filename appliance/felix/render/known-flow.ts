/**
 * Packets of flows that were accepted before, and of those that a changed policy may no longer allow. Pure.
 * A connection with the suspect bit in its mark is one that user space judged and found denied. Its packets from the side that began it meet
 * the policies again, as a new flow's would; if all stages accept, the bit goes. Answers are dropped while it is there: the policies of the
 * other direction do not speak of them. docs/design/live-flows.md has the argument.
 */
import type { Expression } from '../../kernel/netlink/expression.ts';
import type { FelixConfig } from '../model/config.ts';
import type { Marks } from './marks.ts';
import { count, ctState, hostWord, matchCtState, verdict } from './match.ts';
import type { RenderedRule } from './rendered.ts';

export const suspectCounter = 'drop/no-longer-allowed';

interface KnownFlowContext {
  readonly config: FelixConfig;
  readonly marks: Marks;
}

/** Live flows are judged again, and there is a bit to say so. */
export function areFlowsReevaluated({ config, marks }: KnownFlowContext): boolean {
  return config.areLiveFlowsReevaluated && marks.suspect !== 0;
}

/** Established and related flows, but for suspects. */
export function matchKnownFlow(context: KnownFlowContext): Expression[] {
  const flow = matchCtState(ctState.established | ctState.related);
  return areFlowsReevaluated(context) ? [...flow, ...matchSuspect(context.marks.suspect, false)] : flow;
}

/** To stand before anything that lets answers through, after connection tracking has seen the packet. */
export function renderSuspectAnswers(context: KnownFlowContext): RenderedRule[] {
  if (!areFlowsReevaluated(context)) return [];
  const expressions: Expression[] = [
    ...matchSuspect(context.marks.suspect, true),
    { type: 'ct', key: 'direction', register: 0 },
    { type: 'cmp', op: 'eq', register: 0, data: Uint8Array.of(1) },
    count(suspectCounter),
    verdict('drop'),
  ];
  return [{ label: 'answer of a flow that is no longer allowed', expressions, counter: suspectCounter }];
}

/** To stand where all stages have accepted. */
export function renderSuspectCleared(context: KnownFlowContext): RenderedRule[] {
  if (!areFlowsReevaluated(context)) return [];
  const { suspect } = context.marks;
  const expressions: Expression[] = [
    ...matchSuspect(suspect, true),
    { type: 'ct', key: 'mark', register: 0 },
    { type: 'bitwise', source: 0, destination: 0, mask: hostWord(~suspect), xor: hostWord(0) },
    { type: 'ct-set', key: 'mark', register: 0 },
  ];
  return [{ label: 'allowed after all', expressions }];
}

function matchSuspect(suspect: number, isSuspect: boolean): Expression[] {
  return [
    { type: 'ct', key: 'mark', register: 0 },
    { type: 'bitwise', source: 0, destination: 0, mask: hostWord(suspect), xor: hostWord(0) },
    { type: 'cmp', op: isSuspect ? 'neq' : 'eq', register: 0, data: hostWord(0) },
  ];
}
