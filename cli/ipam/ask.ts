/** Requests to the IPAM part of the API, and what it answers. I/O through the transport. */
import type { IpamCheck, ReportedAllocation } from '#appliance/ipam/check.ts';
import type { Assignment, Borrowing } from '#appliance/ipam/lookup.ts';
import type { IpamConfig } from '#appliance/ipam/model/config.ts';
import type { ReleaseRequest, ReleaseResult } from '#appliance/ipam/release.ts';
import type { PoolUsage } from '#appliance/ipam/utilisation.ts';
import type { Resource } from '#appliance/resources/resource.ts';
import { errorOfAnswer } from '../api-errors.ts';
import { cliError } from '../errors.ts';
import type { Method, Transport } from '../transport.ts';

export type { Assignment, Borrowing, IpamCheck, IpamConfig, PoolUsage, ReleaseResult, ReportedAllocation };

const root = '/apis/projectcalico.org/v3/ipam';

export interface IpamApi {
  utilisation(): Promise<readonly PoolUsage[]>;
  assignment(ip: string): Promise<Assignment | undefined>;
  borrowing(): Promise<Borrowing>;
  config(): Promise<IpamConfig>;
  check(): Promise<IpamCheck>;
  configure(given: Readonly<Record<string, unknown>>, isDryRun: boolean): Promise<IpamConfig>;
  release(request: ReleaseRequest, isDryRun: boolean): Promise<ReleaseResult>;
  split(
    pool: { readonly name?: string; readonly cidr?: string; readonly parts: number },
    isDryRun: boolean,
  ): Promise<readonly Resource[]>;
}

/** IPAM as the API has it. */
export function createIpamApi(transport: Transport): IpamApi {
  const ask = (path: string) => call(transport, 'GET', path) as Promise<never>;
  const change = (method: Method, path: string, body: unknown, isDryRun: boolean) =>
    call(transport, method, `${path}${isDryRun ? '?dryRun=All' : ''}`, body) as Promise<never>;
  return {
    utilisation: async () => ((await ask('utilisation')) as { pools: PoolUsage[] }).pools,
    assignment: async (ip) => {
      const answer: { assignment: Assignment | null } = await ask(`addresses/${encodeURIComponent(ip)}`);
      return answer.assignment ?? undefined;
    },
    borrowing: () => ask('borrowed'),
    config: () => ask('configuration'),
    check: () => ask('check'),
    configure: (given, isDryRun) => change('PATCH', 'configuration', given, isDryRun),
    release: (request, isDryRun) => change('POST', 'release', request, isDryRun),
    split: async (pool, isDryRun) => ((await change('POST', 'split', pool, isDryRun)) as { pools: Resource[] }).pools,
  };
}

async function call(transport: Transport, method: Method, path: string, body?: unknown): Promise<unknown> {
  const answer = await transport.request(method, `${root}/${path}`, body);
  if (answer.status === 200) return answer.body;
  const { message, reason } = (answer.body ?? {}) as { message?: string; reason?: string };
  // said in IPAM's own words: there is no resource it is about
  if (message !== undefined && ['BadRequest', 'Conflict', 'NotFound', 'Invalid'].includes(reason ?? ''))
    throw cliError(codes[reason!] ?? 'CLI_FAILED', message);
  throw errorOfAnswer(answer, method === 'GET' ? 'get' : 'update', { kind: 'IPAM', name: path });
}

const codes: Readonly<Record<string, 'CLI_CONFLICT' | 'CLI_NOT_FOUND' | 'CLI_INVALID' | 'CLI_FAILED'>> = {
  Conflict: 'CLI_CONFLICT',
  NotFound: 'CLI_NOT_FOUND',
  Invalid: 'CLI_INVALID',
};
