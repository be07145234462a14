/**
 * Names of workload endpoints: the identifiers of the workload, dashes doubled, joined by single dashes.
 * Pure. Source: the naming scheme of Calico's `names` library.
 */

import type { Legible } from './legible.ts';

/** The parts of a name; which of them count depends on the orchestrator. */
export interface WorkloadEndpointIdentifiers {
  node?: string;
  orchestrator?: string;
  endpoint?: string;
  workload?: string;
  pod?: string;
  containerID?: string;
}

/** A computed name, or the identifier that is missing or unfit. */
export type NameResult =
  | { readonly ok: true; readonly name: string }
  | { readonly ok: false; readonly field: keyof WorkloadEndpointIdentifiers; readonly message: string };

/** `edge--1-vm-db--2-eth0` of node `edge-1`, orchestrator `vm`, workload `db-2`, endpoint `eth0`. */
export function workloadEndpointName(identifiers: WorkloadEndpointIdentifiers): NameResult {
  const parts: string[] = [];
  for (const [field, value] of segments(identifiers)) {
    const message = segmentProblem(value);
    if (message !== undefined) return { ok: false, field, message };
    parts.push(escapeSegment(value!));
  }
  return { ok: true, name: parts.join('-') };
}

/**
 * Every identifier a name cannot be made of. Identifiers that are `null` could not be read: they are listed without a message,
 * and so is what they leave undecided, since the orchestrator decides which of the others count.
 */
export function unfitIdentifiers(
  identifiers: Legible<WorkloadEndpointIdentifiers>,
): { readonly field: keyof WorkloadEndpointIdentifiers; readonly message?: string }[] {
  const isDecided = typeof identifiers.orchestrator === 'string';
  const counted = isDecided ? segments(identifiers) : segments(identifiers).filter((_, i) => i !== 2);
  return counted.flatMap(([field, value]) => {
    if (value === null) return [{ field }];
    const message = segmentProblem(value);
    return message === undefined ? [] : [{ field, message }];
  });
}

/** The start that all names with these identifiers share: up to the first one absent, ending with a dash; for listing. */
export function workloadEndpointNamePrefix(identifiers: WorkloadEndpointIdentifiers): NameResult {
  const parts: string[] = [];
  for (const [field, value] of segments(identifiers)) {
    if (parts.length > 0 && (value === undefined || value === '')) return { ok: true, name: `${parts.join('-')}-` };
    const message = segmentProblem(value);
    if (message !== undefined) return { ok: false, field, message };
    parts.push(escapeSegment(value!));
  }
  return { ok: true, name: parts.join('-') };
}

/** The four parts of a name: node, orchestrator, workload (pod, container) and endpoint; undefined when it is no such name. */
export function parseWorkloadEndpointName(
  name: string,
): { node: string; orchestrator: string; workload: string; endpoint: string } | undefined {
  const parts = splitName(name);
  if (parts.length !== 4 || parts.includes('')) return undefined;
  const [node, orchestrator, workload, endpoint] = parts as [string, string, string, string];
  return { node, orchestrator, workload, endpoint };
}

type Identifiers<Value> = { readonly [Field in keyof WorkloadEndpointIdentifiers]?: Value };
type Segment<Value> = readonly [keyof WorkloadEndpointIdentifiers, Value | undefined];

/** Node, orchestrator, workload, endpoint. */
function segments<Value extends string | null>(identifiers: Identifiers<Value>): Segment<Value | 'libnetwork'>[] {
  const { node, orchestrator, endpoint } = identifiers;
  return [['node', node], ['orchestrator', orchestrator], workloadSegment(identifiers), ['endpoint', endpoint]];
}

function workloadSegment<Value extends string | null>(identifiers: Identifiers<Value>): Segment<Value | 'libnetwork'> {
  const { orchestrator, pod, containerID, workload } = identifiers;
  if (orchestrator === 'k8s') return ['pod', pod];
  if (orchestrator === 'cni') return ['containerID', containerID];
  if (orchestrator === 'libnetwork') return ['workload', 'libnetwork'];
  return ['workload', workload];
}

function segmentProblem(value: string | undefined): string | undefined {
  if (value === undefined || value === '') return 'is required to name the endpoint';
  return value.startsWith('-') || value.endsWith('-') ? 'must not begin or end with a dash' : undefined;
}

function escapeSegment(value: string): string {
  return value.replaceAll('-', '--');
}

/** Splits at lone dashes, reading double ones as one; the first character is never a separator. */
function splitName(name: string): string[] {
  const parts: string[] = [];
  let part = name.slice(0, 1);
  for (let i = 1; i < name.length; i++) {
    if (name[i] !== '-') part += name[i];
    else if (name[i + 1] === '-') {
      part += '-';
      i++;
    } else {
      parts.push(part);
      part = '';
    }
  }
  return [...parts, part];
}
