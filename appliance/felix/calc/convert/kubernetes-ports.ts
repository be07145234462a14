/** Ports of Kubernetes policy rules, gathered by protocol. Pure. */
import { compareText } from '#appliance/lib/collections/compare-text.ts';
import type { PortRange } from '../../model/policy.ts';
import type { Fields } from './fields.ts';
import { type PortMatch, protocols, readPort, readProtocol } from './port.ts';

/** What becomes one rule for each peer; `protocol` undefined means any. */
export interface PortGroup {
  readonly protocol: number | undefined;
  readonly ports: PortMatch;
}

const everyPort: PortMatch = { ranges: [], names: [] };

/** The groups of a rule in order of the protocols' names; a rule without ports is one group without a protocol. */
export function portGroups(rule: Fields): readonly PortGroup[] {
  const entries = rule.children('ports');
  if (entries.length === 0) return [{ protocol: undefined, ports: everyPort }];
  const byName = Map.groupBy(entries, (entry) => entry.text('protocol') || 'TCP');
  const names = [...byName.keys()].sort(compareText);
  return names.map((name) => {
    const group = byName.get(name)!;
    const protocol = readProtocol(group[0]!, 'protocol') ?? protocols.tcp;
    return { protocol, ports: gather(group) };
  });
}

/** An entry without a number stands for every port of its protocol. */
function gather(entries: readonly Fields[]): PortMatch {
  if (entries.some((entry) => entry.raw('port') === undefined)) return everyPort;
  const matches = entries.map(readEntry);
  return {
    ranges: coalesce(matches.flatMap((match) => match.ranges)),
    names: matches.flatMap((match) => match.names),
  };
}

function readEntry(entry: Fields): PortMatch {
  const single = readPort(entry, 'port');
  const end = entry.number('endPort');
  const first = single.ranges[0]?.first;
  if (end === undefined || first === undefined) return single;
  if (!Number.isInteger(end) || end < first || end > 0xffff) entry.refuse('endPort', 'not the end of a range', end);
  return { ranges: [{ first, last: end }], names: [] };
}

function coalesce(ranges: readonly PortRange[]): PortRange[] {
  const merged: PortRange[] = [];
  for (const range of ranges.toSorted((a, b) => a.first - b.first)) {
    const last = merged.at(-1);
    if (last === undefined || range.first > last.last + 1) merged.push(range);
    else merged[merged.length - 1] = { first: last.first, last: Math.max(last.last, range.last) };
  }
  return merged;
}
