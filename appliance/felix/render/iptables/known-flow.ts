/**
 * Packets of flows that were accepted before, and of suspects: connections that user space judged again and found denied. Pure.
 * As `render/known-flow.ts` says it for nftables: a suspect's packets meet the policies again, its answers are dropped, and the mark goes when all
 * stages have accepted.
 */
import { areFlowsReevaluated } from '../known-flow.ts';
import type { IptablesContext } from './context.ts';
import type { IptablesRule } from './rule.ts';
import { drop, flowState, markText, rule } from './rule.ts';

function suspectWords(suspect: number, isSuspect: boolean): string[] {
  const bit = markText(suspect);
  return ['-m', 'connmark', ...(isSuspect ? [] : ['!']), '--mark', `${bit}/${bit}`];
}

/** Established and related flows, but for suspects. */
export function knownFlow(context: IptablesContext): string[] {
  const flow = flowState('RELATED', 'ESTABLISHED');
  return areFlowsReevaluated(context) ? [...flow, ...suspectWords(context.marks.suspect, false)] : flow;
}

/** To stand before anything that lets answers through, after connection tracking has seen the packet. */
export function renderSuspectAnswers(context: IptablesContext): IptablesRule[] {
  if (!areFlowsReevaluated(context)) return [];
  const match = [...suspectWords(context.marks.suspect, true), '-m', 'conntrack', '--ctdir', 'REPLY'];
  return [rule(match, drop, 'answer of a flow that is no longer allowed')];
}

/** To stand where all stages have accepted the packets of `match`. */
export function renderSuspectCleared(context: IptablesContext, match: readonly string[] = []): IptablesRule[] {
  if (!areFlowsReevaluated(context)) return [];
  const bit = context.marks.suspect;
  const clear = ['-j', 'CONNMARK', '--set-xmark', `0x0/${markText(bit)}`];
  return [rule([...match, ...suspectWords(bit, true)], clear, 'allowed after all')];
}
