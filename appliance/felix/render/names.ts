/**
 * Names of chains and counters: readable, unique, and within what the kernel and the nft tool take. Pure.
 * Names are a function of what they stand for, so a fresh start finds the same ones. A text that is too long or holds
 * other characters is replaced by `_` and its hash, as Felix does.
 */
import { hash } from 'node:crypto';
import type { PolicyId } from '../model/policy.ts';
import { printPolicyId } from '../model/policy.ts';

export type Direction = 'ingress' | 'egress';

const textBytesMax = 180;
const safeText = /^[A-Za-z0-9][A-Za-z0-9_./-]*$/;

/** `text` itself when it can be part of a name, else `_` and 32 characters of its hash. */
export function nameOf(text: string): string {
  return text.length <= textBytesMax && safeText.test(text)
    ? text
    : `_${hash('sha256', text, 'base64url').slice(0, 32)}`;
}

/** `pi-np/prod/db-in`; `isDropOnly` names the twin whose Deny never answers. */
export function policyChainName(id: PolicyId, direction: Direction, isDropOnly = false): string {
  const twin = isDropOnly ? 'd' : '';
  return `p${direction === 'ingress' ? 'i' : 'o'}${twin}-${nameOf(printPolicyId(id))}`;
}

export function profileChainName(name: string, direction: Direction, isDropOnly = false): string {
  const twin = isDropOnly ? 'd' : '';
  return `pr${direction === 'ingress' ? 'i' : 'o'}${twin}-${nameOf(name)}`;
}

/** `np/prod/db-in/ingress/0` */
export function policyCounterName(id: PolicyId, direction: Direction, index: number): string {
  return `${nameOf(printPolicyId(id))}/${direction}/${index}`;
}

export function profileCounterName(name: string, direction: Direction, index: number): string {
  return `profile/${nameOf(name)}/${direction}/${index}`;
}

/** Counts what the end of the tier dropped. */
export function tierCounterName(tier: string, direction: Direction): string {
  return `tier/${nameOf(tier)}/${direction}`;
}

/** A name for shared content: `prefix` and a hash of the parts, in which no two different lists of parts are alike. */
export function contentName(prefix: string, parts: readonly string[]): string {
  return `${prefix}-${hash('sha256', JSON.stringify(parts), 'base64url').slice(0, 22)}`;
}
