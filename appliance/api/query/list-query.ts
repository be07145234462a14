/** The query of a list or watch request, decoded. Pure. Source: Kubernetes API reference, ListOptions. */
import type { Revision } from '../../datastore/store.ts';
import type { KindDefinition } from '../../resources/define.ts';
import type { Resource } from '../../resources/resource.ts';
import { apiErrors } from '../errors.ts';
import { parseFieldSelector } from './field-selector.ts';
import { parseLabelSelector } from './label-selector.ts';

export type Query = Readonly<Record<string, string | undefined>>;

export interface ListQuery {
  readonly matches: (resource: Resource) => boolean;
  /** The only name that can match, when there is one. */
  readonly name?: string;
  /** 0: no limit. */
  readonly limit: number;
  readonly continue: string;
  /** 0: absent or "0". */
  readonly resourceVersion: Revision;
  readonly isExactVersion: boolean;
  readonly isWatch: boolean;
  readonly wantsBookmarks: boolean;
  /** Whether a watch begins with what is there; then a bookmark says where that ends. Undefined: as the version says. */
  readonly sendInitialEvents?: boolean;
  /** Infinity when the client sets none. */
  readonly timeoutSeconds: number;
  /** What of each object a Table carries. */
  readonly includeObject: 'None' | 'Metadata' | 'Object';
}

/** Decodes the query of `request`; API_BAD_REQUEST names what is wrong. */
export function parseListQuery(query: Query, kind: KindDefinition): ListQuery {
  const byLabel = parseLabelSelector(query.labelSelector ?? '');
  const byField = parseFieldSelector(query.fieldSelector ?? '', kind);
  const match = query.resourceVersionMatch ?? '';
  if (!['', 'Exact', 'NotOlderThan'].includes(match)) throw bad('resourceVersionMatch', match);
  if (query.sendInitialEvents !== undefined) checkInitialEvents(query, match);
  return {
    matches: (resource) => byField.matches(resource) && byLabel(resource.metadata.labels ?? {}),
    ...(byField.name !== undefined && { name: byField.name }),
    limit: parseCount(query, 'limit'),
    continue: query.continue ?? '',
    resourceVersion: parseCount(query, 'resourceVersion'),
    isExactVersion: match === 'Exact',
    isWatch: parseFlag('watch', query.watch),
    wantsBookmarks: parseFlag('allowWatchBookmarks', query.allowWatchBookmarks),
    ...(query.sendInitialEvents !== undefined && {
      sendInitialEvents: parseFlag('sendInitialEvents', query.sendInitialEvents),
    }),
    timeoutSeconds: Math.min(parseCount(query, 'timeoutSeconds'), 2_147_483) || Number.POSITIVE_INFINITY,
    includeObject: parseInclude(query.includeObject ?? 'Metadata'),
  };
}

/** As Kubernetes: for watches alone, and with a word on how new the state must be. */
function checkInitialEvents(query: Query, match: string): void {
  if (!parseFlag('watch', query.watch))
    throw apiErrors.fail('API_BAD_REQUEST', 'sendInitialEvents: is for watches only');
  if (match !== 'NotOlderThan')
    throw apiErrors.fail('API_BAD_REQUEST', 'resourceVersionMatch: must be NotOlderThan with sendInitialEvents');
}

function parseCount(query: Query, name: string): number {
  const text = query[name] ?? '';
  if (text === '') return 0;
  if (!/^\d{1,15}$/.test(text)) throw bad(name, text);
  return Number(text);
}

/** A yes or no of a query; API_BAD_REQUEST names the parameter. */
export function parseFlag(name: string, text: string | undefined): boolean {
  if (text === undefined || text === 'false' || text === '0') return false;
  if (text === '' || text === 'true' || text === '1') return true;
  throw bad(name, text);
}

function parseInclude(text: string): ListQuery['includeObject'] {
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text;
  throw bad('includeObject', text);
}

function bad(name: string, value: string) {
  return apiErrors.fail('API_BAD_REQUEST', `${name}: "${value}" is not a valid value`);
}
