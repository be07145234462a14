/** Ends a process and everything it has started, by pid. I/O; Linux (`/proc`). */
import { readdirSync, readFileSync } from 'node:fs';

/** SIGKILL to `pid` and its descendants, parents first so that they start no more. */
export function killTree(pid: number): void {
  const children = childrenByParent();
  const kill = (one: number) => {
    try {
      process.kill(one, 'SIGKILL');
    } catch {
      // gone by itself
    }
    for (const child of children.get(one) ?? []) kill(child);
  };
  kill(pid);
}

function childrenByParent(): ReadonlyMap<number, readonly number[]> {
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  return children;
}

/** The fourth field of `stat`; the second, in parentheses, may hold anything. */
function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // ended while we were reading
  }
}
