/** What an agent is given. Pure types. */
import type { createResources } from '../../datastore/resources.ts';
import type { Store } from '../../datastore/store.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Programs } from '../../kernel/programs.ts';
import type { Logger } from '../../lib/log.ts';
import type { ConfigLayer } from '../config/layers.ts';
import type { HostAddress } from './detect-address.ts';

export interface AgentOptions {
  readonly store: Store;
  readonly kernel: Kernel;
  /** How programs of iptables are started; absent: there is nftables only. */
  readonly openPrograms?: () => Programs;
  readonly nodename: string;
  /** Configuration from environment and file, highest first. */
  readonly local: readonly ConfigLayer[];
  readonly runDir: string;
  /** Where to keep the ruleset for the next boot; undefined for agents that are not the host's own. */
  readonly boot?: { readonly directory: string; readonly version: string } | undefined;
  /** Where what other programs of this host read is left; absent: nothing is. */
  readonly dataDir?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly hostAddresses: () => readonly HostAddress[];
  readonly stamps: Parameters<typeof createResources>[1];
  readonly log: Logger;
  readonly version?: string;
  /** What the program adds to the status: its version, its certificates. */
  readonly about?: () => Record<string, unknown>;
  /** Takes the level the configuration asks for; undefined when it asks for none. */
  readonly setLogLevel: (level: string | undefined) => void;
}
