/** What the routes share. Types only. */
import type { Resources } from '../datastore/resources.ts';
import type { Enrolment } from '../enrolment/issue.ts';
import type { Ipam } from '../ipam/ipam.ts';
import type { Logger } from '../lib/log.ts';
import type { ServiceAccount, Tokens } from '../tokens/service-account.ts';
import type { Authorizer } from './access/authorizer.ts';
import type { Limits } from './plugins/limits.ts';

export interface ApiContext {
  readonly resources: Resources;
  readonly ipam: Ipam;
  /** Who may do what. */
  readonly authorizer: Authorizer;
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
  /** Absent: no tokens are given or taken. */
  readonly tokens?: TokenService;
  /** Absent: no hosts join here. */
  readonly enrolment?: Enrolment;
  /** Absent: none but what the libraries have. */
  readonly limits?: Limits;
  /** Why nothing but health is served now; undefined when all is. */
  readonly unreadiness?: () => string | undefined;
  /** Whether the server is about to stop: it is not ready for more, and goes on with what comes. */
  readonly isDraining?: () => boolean;
}

/** Tokens, and the accounts they are for. */
export interface TokenService extends Tokens {
  findServiceAccount(namespace: string, name: string): Promise<ServiceAccount | undefined>;
}
