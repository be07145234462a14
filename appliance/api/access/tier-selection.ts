/** Lists, watches and deletions of policies by somebody who may not see all tiers: which tiers are meant, and whether any of them is open. I/O: reads tiers. */
import type { FastifyRequest } from 'fastify';
import { itemOf } from '../../datastore/resources/reader.ts';
import { tierLabel } from '../../resources/fields/policy.ts';
import { kindOf } from '../../resources/registry.ts';
import type { ApiContext } from '../context.ts';
import { apiErrors } from '../errors.ts';
import { accessTo } from '../plugins/access.ts';
import type { Query } from '../query/list-query.ts';
import { queryOf } from '../routes/target.ts';

/** Refuses with API_FORBIDDEN when nothing can be seen; API_BAD_REQUEST for a selector that says which tiers are not meant. */
export async function requireSomeTier(request: FastifyRequest, context: ApiContext): Promise<void> {
  const access = accessTo(request);
  if (access === undefined || access.seesAllTiers) return;
  const tiers = selectedTiers(queryOf(request)) ?? (await allTiers(context));
  if (!tiers.some((tier) => access.seesSomethingOf(tier))) access.refuseTiers(tiers);
}

/** The tiers that the selectors name; undefined when they name none. */
export function selectedTiers(query: Query): readonly string[] | undefined {
  const lists = [...namedByLabel(query.labelSelector ?? ''), ...namedByField(query.fieldSelector ?? '')];
  if (lists.length === 0) return undefined;
  return lists.reduce((all, list) => all.filter((tier) => list.includes(tier)));
}

function namedByLabel(selector: string): string[][] {
  return selector
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => new RegExp(`^!?\\s*${tierLabel}(?![\\w./-])`).test(term))
    .map((term) => {
      const rest = term.slice(tierLabel.length).trim();
      const [, equal] = /^==?\s*(\S+)$/.exec(rest) ?? [];
      const [, set] = /^in\s*\(([^()]*)\)$/.exec(rest) ?? [];
      if (term.startsWith('!') || (equal === undefined && set === undefined)) throw unusable(term);
      return equal === undefined ? set!.split(',').map((item) => item.trim()) : [equal];
    });
}

function namedByField(selector: string): string[][] {
  return selector
    .split(',')
    .map((term) => term.trim())
    .filter((term) => /^spec\.tier\s*(=|!)/.test(term))
    .map((term) => {
      const [, tier] = /^spec\.tier\s*==?\s*(\S+)$/.exec(term) ?? [];
      if (tier === undefined) throw unusable(term);
      return [tier];
    });
}

function unusable(term: string) {
  return apiErrors.fail('API_BAD_REQUEST', `tiers are selected by =, == and in only, not by "${term}"`);
}

async function allTiers({ resources }: ApiContext): Promise<string[]> {
  const { entries } = await resources.list({ kind: kindOf('Tier')!, namespace: '', limit: 0 });
  return entries.flatMap((entry) => itemOf(entry)?.resource.metadata.name ?? []);
}
