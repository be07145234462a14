/** IP pools: no two overlap, blocks fit, and what a pool covers never changes. */
import { overlaps, type Prefix, parsePrefix } from '../../lib/ip/address.ts';
import type { Problem } from '../../lib/problem.ts';
import { kindOf } from '../../resources/registry.ts';
import type { Resource } from '../../resources/resource.ts';
import { invalid } from '../resources/invalid.ts';
import type { Reader } from '../resources/reader.ts';
import { type Ref, rangeOf } from '../resources/ref.ts';
import { prefixEnd } from '../store.ts';
import type { Effect, Guards } from './effect.ts';
import { quietSince } from './guard.ts';

export const ipPool: Effect = { beforeCreate: refuseOverlap, beforeUpdate: refuseMove };

async function refuseOverlap(next: Resource, ref: Ref, reader: Reader): Promise<Guards> {
  const cidr = cidrOf(next);
  if (cidr === undefined) return [];
  const kind = kindOf('IPPool')!;
  const { revision, items } = await reader.all(kind);
  const problems: Problem[] = items
    .filter(({ resource }) => resource.metadata.name !== ref.name && isOverlapping(cidrOf(resource), cidr))
    .map(({ resource }) => problem(next, `overlaps with IPPool ${resource.metadata.name} (${resource.spec.cidr})`));
  problems.push(...(await blockProblems(next, cidr, reader)));
  if (problems.length > 0) throw invalid(ref, problems);
  return [quietSince(rangeOf(kind, ''), revision)];
}

/** Blocks left by an earlier pool must have this pool's block size. */
async function blockProblems(next: Resource, cidr: Prefix, reader: Reader): Promise<Problem[]> {
  const key = Buffer.from(`/calico/ipam/v2/assignment/ipv${cidr.address.family}/block/`);
  const { entries } = await reader.store.range({ key, rangeEnd: prefixEnd(key), keysOnly: true });
  const texts = entries.map((entry) => entry.key.subarray(key.length).toString().replace('-', '/'));
  const misfit = texts.find((text) => {
    const block = parsePrefix(text);
    return isOverlapping(block, cidr) && block?.length !== next.spec.blockSize;
  });
  return misfit === undefined ? [] : [problem(next, `the IPAM block ${misfit} inside it has another block size`)];
}

async function refuseMove(next: Resource, current: Resource, ref: Ref): Promise<Guards> {
  const problems: Problem[] = [];
  for (const field of ['cidr', 'blockSize'] as const)
    if (next.spec[field] !== current.spec[field])
      problems.push({
        path: `spec.${field}`,
        message: `cannot be changed from ${current.spec[field]}`,
        value: next.spec[field],
      });
  const uses = (resource: Resource) => (Array.isArray(resource.spec.allowedUses) ? resource.spec.allowedUses : []);
  if (uses(current).includes('LoadBalancer') && uses(next).some((use) => use !== 'LoadBalancer'))
    problems.push({ path: 'spec.allowedUses', message: 'a LoadBalancer pool cannot get another use' });
  if (problems.length > 0) throw invalid(ref, problems);
  return [];
}

function cidrOf(pool: Resource): Prefix | undefined {
  return typeof pool.spec.cidr === 'string' ? parsePrefix(pool.spec.cidr) : undefined;
}

function isOverlapping(a: Prefix | undefined, b: Prefix): boolean {
  return a !== undefined && overlaps(a, b);
}

function problem(pool: Resource, message: string): Problem {
  return { path: 'spec.cidr', message, value: pool.spec.cidr };
}
