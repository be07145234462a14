/**
 * Judges IPAM's keys and how they refer to each other: blocks and the hosts they belong to, addresses and the handles that hold them.
 * Pure. Source: the invariants of Calico's IPAM.
 */
import type { Entry } from '../store.ts';
import { errorAt, type Finding, warningAt } from './finding.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Block {
  readonly key: string;
  readonly affinity: string | undefined;
  /** Addresses by handle. */
  readonly handles: ReadonlyMap<string, number>;
}

/** Takes IPAM's keys in any order; `finish()` judges what they say of each other. */
export class IpamChecker {
  readonly #blocks = new Map<string, Block>();
  readonly #handles = new Map<string, { readonly key: string; readonly blocks: Fields }>();
  readonly #affinities: {
    readonly key: string;
    readonly owner: string;
    readonly cidr: string;
    readonly state: string;
  }[] = [];

  check(entry: Entry): Finding[] {
    const key = entry.key.toString();
    const fields = parse(entry.value);
    if (fields === undefined) return [errorAt(key, 'is no JSON object')];
    if (key.includes('/handle/')) return this.#handle(key, fields);
    if (key.includes('/assignment/')) return this.#block(key, fields);
    return key.includes('/block/') ? this.#affinity(key, fields) : [];
  }

  finish(): Finding[] {
    return [...this.#affinityFindings(), ...this.#blockFindings(), ...this.#handleFindings()];
  }

  #block(key: string, fields: Fields): Finding[] {
    const cidr = cidrOf(key);
    const { findings, handles } = readBlock(key, fields);
    if (fields.cidr !== cidr) findings.push(errorAt(key, `says it is ${String(fields.cidr)}`));
    const affinity = typeof fields.affinity === 'string' ? fields.affinity : undefined;
    this.#blocks.set(cidr, { key, affinity, handles });
    return findings;
  }

  #handle(key: string, fields: Fields): Finding[] {
    const id = key.slice(key.indexOf('/handle/') + '/handle/'.length);
    const blocks = isRecord(fields.block) ? fields.block : {};
    this.#handles.set(id, { key, blocks });
    return isRecord(fields.block) ? [] : [errorAt(key, 'lists no blocks')];
  }

  #affinity(key: string, fields: Fields): Finding[] {
    const [, type, host] = /^\/calico\/ipam\/v2\/(host|virtual)\/([^/]+)\//.exec(key) ?? [];
    const state = typeof fields.state === 'string' && fields.state !== '' ? fields.state : 'confirmed';
    this.#affinities.push({ key, owner: `${type}:${host}`, cidr: cidrOf(key), state });
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
        const said = this.#handles.get(id)?.blocks[cidr];
        if (said !== count)
          findings.push(errorAt(key, `gives ${count} addresses to ${id}, whose handle says ${said ?? 'none'}`));
      }
      return findings;
    });
  }

  #handleFindings(): Finding[] {
    return [...this.#handles].flatMap(([id, { key, blocks }]) =>
      Object.keys(blocks)
        .filter((cidr) => !this.#blocks.get(cidr)?.handles.has(id))
        .map((cidr) => errorAt(key, `holds addresses of ${cidr}, which gives it none`)),
    );
  }
}

/** The structure of one block: every address is free and listed as free, or given with an attribute that exists. */
function readBlock(key: string, fields: Fields): { findings: Finding[]; handles: ReadonlyMap<string, number> } {
  const findings: Finding[] = [];
  const handles = new Map<string, number>();
  const { allocations, unallocated } = fields;
  const attributes = fields.attributes ?? [];
  if (!Array.isArray(allocations) || !Array.isArray(unallocated) || !Array.isArray(attributes))
    return { findings: [errorAt(key, 'lacks the lists of a block')], handles };
  const free = new Set(unallocated);
  if (free.size !== unallocated.length) findings.push(errorAt(key, 'lists a free address twice'));
  allocations.forEach((index: unknown, ordinal) => {
    if ((index === null) !== free.has(ordinal))
      findings.push(
        errorAt(
          key,
          `address ${ordinal} is ${index === null ? 'free and not listed as free' : 'given and listed as free'}`,
        ),
      );
    if (index === null) return;
    const attribute: unknown = attributes[Number(index)];
    if (!isRecord(attribute))
      findings.push(errorAt(key, `address ${ordinal} has the attribute ${String(index)}, which is not there`));
    else if (typeof attribute.handle_id === 'string') {
      const id = attribute.handle_id.split('\r', 1)[0]!;
      handles.set(id, (handles.get(id) ?? 0) + 1);
    }
  });
  const size = sizeOf(cidrOf(key));
  if (size !== undefined && size !== allocations.length)
    findings.push(errorAt(key, `has ${allocations.length} addresses instead of ${size}`));
  return { findings, handles };
}

/** The last part of the key, with the slash that it could not have. */
function cidrOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1).replace(/-(\d+)$/, '/$1');
}

function sizeOf(cidr: string): number | undefined {
  const [address = '', length = ''] = cidr.split('/');
  const bits = (address.includes(':') ? 128 : 32) - Number(length);
  return bits >= 0 && bits <= 20 ? 2 ** bits : undefined;
}

function parse(value: Buffer): Fields | undefined {
  if (value.length === 0) return {}; // of an affinity as older versions wrote it
  try {
    const fields: unknown = JSON.parse(value.toString());
    return isRecord(fields) ? fields : undefined;
  } catch {
    // Not JSON: that is the finding.
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
