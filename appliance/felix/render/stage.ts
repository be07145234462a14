/**
 * The stages a packet meets and what each asks of an endpoint. Pure.
 * A stage is a base chain on a hook; `accept` ends it, and the next stage still runs. Source: felix's endpoint chains.
 */
import type { Direction } from './names.ts';

export type StageKind =
  | 'workload-ingress'
  | 'workload-egress'
  | 'host-ingress'
  | 'host-egress'
  /** Egress of DNATed packets of this host, decided in postrouting, where no answer can be sent. */
  | 'host-egress-deferred'
  | 'untracked-ingress'
  | 'untracked-egress'
  | 'pre-dnat'
  | 'forward-ingress'
  | 'forward-egress';

export interface StageTraits {
  readonly direction: Direction;
  /** Established and related flows are accepted first, invalid packets dropped. */
  readonly isTracked: boolean;
  readonly failsafe?: 'failsafe-in' | 'failsafe-out' | 'failsafe-in-raw' | 'failsafe-out-raw';
  /** The end of a tier drops when the tier says so. */
  readonly doTiersDrop: boolean;
  /** Profiles are asked, and what nothing accepted is dropped. */
  readonly isClosed: boolean;
  readonly isDropOnly: boolean;
}

export const stageTraits: Readonly<Record<StageKind, StageTraits>> = {
  'workload-ingress': closed('ingress'),
  'workload-egress': closed('egress'),
  'host-ingress': { ...closed('ingress'), failsafe: 'failsafe-in' },
  'host-egress': { ...closed('egress'), failsafe: 'failsafe-out' },
  'host-egress-deferred': { ...closed('egress'), failsafe: 'failsafe-out', isDropOnly: true },
  'untracked-ingress': { ...open('ingress'), isTracked: false, failsafe: 'failsafe-in-raw', isDropOnly: true },
  'untracked-egress': { ...open('egress'), isTracked: false, failsafe: 'failsafe-out-raw', isDropOnly: true },
  'pre-dnat': { ...open('ingress'), failsafe: 'failsafe-in', isDropOnly: true },
  'forward-ingress': { ...open('ingress'), doTiersDrop: true },
  'forward-egress': { ...open('egress'), doTiersDrop: true },
};

function closed(direction: Direction): StageTraits {
  return { direction, isTracked: true, doTiersDrop: true, isClosed: true, isDropOnly: false };
}

function open(direction: Direction): StageTraits {
  return { direction, isTracked: true, doTiersDrop: false, isClosed: false, isDropOnly: false };
}
