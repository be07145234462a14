/**
 * Names of chains and IP sets as Calico's iptables mode has them. Pure. A name is a function of what it stands for, so a fresh start finds the same
 * ones; what is too long or holds other characters gives way to `_` and its hash. Source: felix, chain and set names.
 */
import { hash } from 'node:crypto';
import type { PolicyId } from '../../model/policy.ts';
import { printPolicyId } from '../../model/policy.ts';
import type { Family } from '../match.ts';
import type { Direction } from '../names.ts';

/** XT_EXTENSION_MAXNAMELEN and IPSET_MAXNAMELEN, without the final zero. */
const chainLengthMax = 28;
const setLengthMax = 31;
const chainText = /^[A-Za-z0-9_./-]+$/;
const setText = /^[A-Za-z0-9_.:-]+$/;
/** What a rule may name; a trailing `+` would stand for every name that begins so. */
const interfaceText = /^[A-Za-z0-9_.:@-]{1,15}$/;

/** Chains and sets with these beginnings are ours, whoever made them. */
export const chainPrefix = 'cali-';
export const setPrefixes = { 4: 'cali40', 6: 'cali60' } as const;

export function isOurSet(name: string): boolean {
  return name.startsWith('cali4') || name.startsWith('cali6');
}

function shorten(prefix: string, text: string, max: number, safe: RegExp): string {
  const name = prefix + text;
  if (name.length <= max && safe.test(text)) return name;
  return `${prefix}_${hash('sha256', text, 'base64url').slice(0, max - prefix.length - 1)}`;
}

export function chainName(prefix: string, text: string): string {
  return shorten(prefix, text, chainLengthMax, chainText);
}

/** `cali-pi-gnp/web`: rules for what comes in; `cali-po-...`: for what goes out. */
export function policyChain(id: PolicyId, direction: Direction): string {
  return chainName(direction === 'ingress' ? 'cali-pi-' : 'cali-po-', printPolicyId(id));
}

export function profileChain(profile: string, direction: Direction): string {
  return chainName(direction === 'ingress' ? 'cali-pri-' : 'cali-pro-', profile);
}

/** What `*` host endpoints are called among the chains. */
const anyInterfaceText = 'any-interface-at-all';

/** The chain of one endpoint: `cali-tw-` (to workload), `cali-fw-`, `cali-th-` (to the host's link, so egress), `cali-fh-`, and forward variants. */
export function endpointChain(
  kind: 'tw' | 'fw' | 'th' | 'fh' | 'thfw' | 'fhfw',
  interfaceName: string | undefined,
): string {
  return chainName(`cali-${kind}-`, interfaceName ?? anyInterfaceText);
}

export function setName(id: string, family: Family): string {
  return shorten(setPrefixes[family], id, setLengthMax, setText);
}

/** Whether rules can speak of the interface at all. */
export function isNameableInterface(name: string): boolean {
  return interfaceText.test(name);
}
