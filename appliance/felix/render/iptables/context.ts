/** What rendering for iptables depends on besides what is rendered: settings, mark bits, the family. Pure. */
import type { FelixConfig } from '../../model/config.ts';
import type { Marks } from '../marks.ts';
import type { Family } from '../match.ts';
import type { TableName } from './rule.ts';
import { accept, drop, leave, reject } from './rule.ts';

/** Parameters of the iptables backend alone. */
export interface IptablesSettings {
  /** IptablesMarkMask: the three lowest bits set in it are ours: accept, pass, defer. */
  readonly markMask: number;
  readonly filterAllowAction: 'Accept' | 'Return';
  readonly mangleAllowAction: 'Accept' | 'Return';
  readonly filterDenyAction: 'Drop' | 'Reject';
  readonly chainInsertMode: 'insert' | 'append';
}

export interface IptablesContext {
  readonly config: FelixConfig;
  readonly settings: IptablesSettings;
  readonly marks: Marks;
  readonly family: Family;
}

/** Drop, or the configured answer where one can be sent: before conntrack and DNAT and in postrouting it cannot. */
export function denyTarget(table: TableName, { settings, family }: IptablesContext): readonly string[] {
  return table === 'filter' && settings.filterDenyAction === 'Reject' ? reject(family) : drop;
}

/** What happens to a packet that is allowed: other rules of the table are over for it, or have their say too. */
export function allowTarget(table: TableName, { settings }: IptablesContext): readonly string[] {
  const action = table === 'mangle' ? settings.mangleAllowAction : settings.filterAllowAction;
  return action === 'Return' && table !== 'raw' ? leave : accept;
}
