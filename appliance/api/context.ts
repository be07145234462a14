/** What the routes share. Types only. */
import type { Resources } from '../datastore/resources.ts';
import type { Ipam } from '../ipam/ipam.ts';
import type { Logger } from '../lib/log.ts';

export interface ApiContext {
  readonly resources: Resources;
  readonly ipam: Ipam;
  readonly log: Logger;
  /** Where changes are told, a line each. */
  readonly audit: Logger;
  /** Of this program, as `/version` tells it: `0.1.0`. */
  readonly version: string;
  /** Ends the watches when the server is about to stop. */
  readonly stopping: AbortSignal;
  /** Five random letters or digits, for `generateName`. */
  readonly nameSuffix: () => string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How often an idle watch that asked for bookmarks gets one. */
  readonly bookmarkIntervalMs: number;
}
