/** What rendering for iptables depends on besides what is rendered: configuration, mark bits, the family. Pure. */
import type { FelixConfig } from '../../model/config.ts';
import type { Marks } from '../marks.ts';
import type { Family } from '../match.ts';
import type { TableName } from './rule.ts';
import { accept, drop, leave, reject } from './rule.ts';

export interface IptablesContext {
  readonly config: FelixConfig;
  readonly marks: Marks;
  readonly family: Family;
}

/** Drop, or the configured answer where one can be sent: before conntrack and DNAT and in postrouting it cannot. */
export function denyTarget(table: TableName, { config, family }: IptablesContext): readonly string[] {
  return table === 'filter' && config.iptablesFilterDenyAction === 'Reject' ? reject(family) : drop;
}

/** What happens to a packet that is allowed: other rules of the table are over for it, or have their say too. */
export function allowTarget(table: TableName, { config }: IptablesContext): readonly string[] {
  const action = table === 'mangle' ? config.iptablesMangleAllowAction : config.iptablesFilterAllowAction;
  return action === 'Return' && table !== 'raw' ? leave : accept;
}
