/**
 * Judges IPAM's keys and how they refer to each other: blocks and the hosts they belong to, addresses and the handles that hold them.
 * Pure. Source: the invariants of Calico's IPAM.
 */
import { parseAffinityState } from '../../ipam/model/affinity.ts';
import { attributeAt, handleOf, parseBlock, type Block as StoredBlock } from '../../ipam/model/block.ts';
import { blockProblems } from '../../ipam/model/block-problems.ts';
import { parseFields } from '../../ipam/model/fields.ts';
import { parseHandle } from '../../ipam/model/handle.ts';
import { cidrOfKey, handlePrefix, ipamListOf, ownerOfKey } from '../../ipam/model/keys.ts';
import type { Entry } from '../store.ts';
import { errorAt, type Finding, warningAt } from './finding.ts';

interface Block {
  readonly key: string;
  readonly affinity: string | undefined;
  /** Addresses by handle. */
  readonly handles: ReadonlyMap<string, number>;
}

/** Takes IPAM's keys in any order; `finish()` judges what they say of each other. */
export class IpamChecker {
  readonly #blocks = new Map<string, Block>();
  readonly #handles = new Map<string, { readonly key: string; readonly blocks: ReadonlyMap<string, number> }>();
  readonly #affinities: {
    readonly key: string;
    readonly owner: string;
    readonly cidr: string;
    readonly state: string;
  }[] = [];

  check({ key: bytes, value }: Entry): Finding[] {
    const key = bytes.toString();
    const list = ipamListOf(key);
    if (list === 'handles') return this.#handle(key, value);
    if (list === 'blocks') return this.#block(key, value);
    if (list === 'block_affinities') return this.#affinity(key, value);
    return parseFields(value) === undefined ? [errorAt(key, 'is no JSON object')] : [];
  }

  finish(): Finding[] {
    return [...this.#affinityFindings(), ...this.#blockFindings(), ...this.#handleFindings()];
  }

  #block(key: string, value: Buffer): Finding[] {
    const cidr = cidrOfKey(key);
    const { findings, block, handles } = readBlock(key, value);
    if (block !== undefined && block.cidr !== cidr) findings.push(errorAt(key, `says it is ${block.cidr}`));
    this.#blocks.set(cidr, { key, affinity: block?.affinity ?? undefined, handles });
    return findings;
  }

  #handle(key: string, value: Buffer): Finding[] {
    const id = key.slice(handlePrefix.length);
    const handle = parseHandle(id, value);
    this.#handles.set(id, { key, blocks: handle?.blocks ?? new Map() });
    return handle === undefined ? [errorAt(key, 'lists no blocks')] : [];
  }

  #affinity(key: string, value: Buffer): Finding[] {
    const state = parseAffinityState(value);
    if (state === undefined) return [errorAt(key, 'is no JSON object')];
    this.#affinities.push({ key, owner: ownerOfKey(key), cidr: cidrOfKey(key), state });
    return [];
  }

  #affinityFindings(): Finding[] {
    return this.#affinities.flatMap(({ key, owner, cidr, state }) => {
      const block = this.#blocks.get(cidr);
      if (block?.affinity === owner) return [];
      const what = block === undefined ? 'has no block' : `is of a block that belongs to ${block.affinity ?? 'nobody'}`;
      return [state === 'confirmed' ? errorAt(key, what) : warningAt(key, `${what}; it is ${state}`)];
    });
  }

  #blockFindings(): Finding[] {
    const owned = new Set(this.#affinities.map(({ owner, cidr }) => `${owner} ${cidr}`));
    return [...this.#blocks].flatMap(([cidr, { key, affinity, handles }]) => {
      const findings: Finding[] = [];
      if (affinity !== undefined && !owned.has(`${affinity} ${cidr}`))
        findings.push(errorAt(key, `belongs to ${affinity}, which has no affinity for it`));
      for (const [id, count] of handles) {
        const said = this.#handles.get(id)?.blocks.get(cidr);
        if (said !== count)
          findings.push(errorAt(key, `gives ${count} addresses to ${id}, whose handle says ${said ?? 'none'}`));
      }
      return findings;
    });
  }

  #handleFindings(): Finding[] {
    return [...this.#handles].flatMap(([id, { key, blocks }]) =>
      [...blocks.keys()]
        .filter((cidr) => !this.#blocks.get(cidr)?.handles.has(id))
        .map((cidr) => errorAt(key, `holds addresses of ${cidr}, which gives it none`)),
    );
  }
}

/** The structure of one block, and how many addresses it gives to which handle. */
function readBlock(
  key: string,
  value: Buffer,
): { findings: Finding[]; block?: StoredBlock; handles: Map<string, number> } {
  const handles = new Map<string, number>();
  const parsed = parseBlock(value);
  if (!parsed.ok) {
    const findings = parsed.problems.map(({ path, message }) =>
      errorAt(key, path === '' ? message : `${path} ${message}`),
    );
    return { findings, handles };
  }
  const block = parsed.value;
  for (const ordinal of block.allocations.keys()) {
    const attribute = attributeAt(block, ordinal);
    const id = attribute && handleOf(attribute);
    if (id !== undefined) handles.set(id, (handles.get(id) ?? 0) + 1);
  }
  return { findings: blockProblems(block).map((problem) => errorAt(key, problem)), block, handles };
}
