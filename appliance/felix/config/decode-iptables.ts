/** The parameters of the iptables and ipset backend, and which backend there is to be. Pure. */
import type { FelixConfig } from '../model/config.ts';
import type { Decoder } from './decoder.ts';

export function decodeIptables({ read, word, within }: Decoder) {
  return {
    nftablesMode: word('NFTablesMode'),
    iptablesBackend: word('IptablesBackend'),
    chainInsertMode: word('ChainInsertMode'),
    iptablesFilterAllowAction: word('IptablesFilterAllowAction'),
    iptablesFilterDenyAction: word('IptablesFilterDenyAction'),
    iptablesMangleAllowAction: word('IptablesMangleAllowAction'),
    iptablesMarkMask: read('IptablesMarkMask', 'mask'),
    iptablesRefreshIntervalMs: read('IptablesRefreshInterval', 'seconds'),
    iptablesPostWriteCheckIntervalMs: read('IptablesPostWriteCheckIntervalSecs', 'seconds'),
    ipsetsRefreshIntervalMs: read('IpsetsRefreshInterval', 'seconds'),
    ipsetSizeMax: within('MaxIpsetSize', 1, 0xffffffff),
  } satisfies Partial<FelixConfig>;
}
