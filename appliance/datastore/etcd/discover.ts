/**
 * Finds etcd's servers by DNS, as etcd's own programs do: `_etcd-client-ssl._tcp.DOMAIN` for https, else `_etcd-client._tcp.DOMAIN`.
 * I/O through the resolver handed in. Source: etcd clustering guide, "DNS discovery".
 */
import { hasCode } from '../../lib/errors.ts';
import { storeErrors } from '../errors.ts';

interface SrvRecord {
  readonly name: string;
  readonly port: number;
}

type ResolveSrv = (name: string) => Promise<readonly SrvRecord[]>;

/** Endpoints; priorities and weights are not looked at, for every member of a cluster is as good. STORE_UNAVAILABLE when DNS names none. */
export async function discoverEndpoints(domain: string, resolveSrv: ResolveSrv): Promise<string[]> {
  const [secure, plain] = await Promise.allSettled([
    resolveSrv(`_etcd-client-ssl._tcp.${domain}`),
    resolveSrv(`_etcd-client._tcp.${domain}`),
  ]);
  const endpoints = [...endpointsOf('https', secure), ...endpointsOf('http', plain)];
  if (endpoints.length > 0) return endpoints;
  const failed = [secure, plain].find((result) => result.status === 'rejected' && !isNothing(result.reason));
  const why = failed === undefined ? 'there are no such records' : String((failed as PromiseRejectedResult).reason);
  const names = `_etcd-client-ssl._tcp.${domain} and _etcd-client._tcp.${domain}`;
  throw storeErrors.fail('STORE_UNAVAILABLE', `ETCD_DISCOVERY_SRV: ${names}: ${why}`);
}

function endpointsOf(scheme: string, result: PromiseSettledResult<readonly SrvRecord[]>): string[] {
  if (result.status === 'rejected') return [];
  return result.value.map(({ name, port }) => `${scheme}://${name.replace(/\.$/, '')}:${port}`);
}

function isNothing(error: unknown): boolean {
  return hasCode(error, 'ENOTFOUND') || hasCode(error, 'ENODATA');
}
