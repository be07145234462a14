/** Addresses for the evaluator, over node's own BlockList: nothing shared with the product's parser. Pure. */
import { BlockList, isIPv4 } from 'node:net';

const lists = new Map<string, BlockList>();

/** True when `address` lies in `net` (a CIDR or a bare address). */
export function hasAddress(net: string, address: string): boolean {
  if (!sameFamily(net, address)) return false;
  const kind = isIPv4(address) ? 'ipv4' : 'ipv6';
  let list = lists.get(net);
  if (list === undefined) {
    const [base, length] = net.split('/');
    list = new BlockList();
    if (length === undefined) list.addAddress(base!, kind);
    else list.addSubnet(base!, Number(length), kind);
    lists.set(net, list);
  }
  return list.check(address, kind);
}

export function sameFamily(net: string, address: string): boolean {
  return net.includes(':') === address.includes(':');
}
