/** Pieces of the BGP kinds: communities, passwords, priorities, peers' addresses. Pure. */
import { type Address, parseAddress } from '../../lib/ip/address.ts';
import { always, boolean, integer, object, oneOf, present, type TextSchema, text } from '../../lib/schema.ts';

const community16 = /^(\d{1,5}):(\d{1,5})$/;
const community32 = /^(\d{1,10}):(\d{1,10}):(\d{1,10})$/;

/** True for `n:n` of 16 bits each, or `n:n:n` of 32 bits each. */
export function isCommunity(value: string): boolean {
  const parts = (community16.exec(value) ?? community32.exec(value))?.slice(1).map(Number);
  return parts?.every((part) => part <= (parts.length === 2 ? 0xffff : 0xffffffff)) ?? false;
}

/** A community value. */
export const communitySchema: TextSchema = text({
  maxLength: 40,
  format: 'bgp-community',
  check: (value) => (isCommunity(value) ? undefined : 'must be a community such as 64512:100 or 64512:1:2'),
});

/** A route's metric. */
export const prioritySchema = integer(1, 2_147_483_646);

/** A password by reference to a secret. */
export const passwordSchema = object({
  secretKeyRef: present(
    object({ name: text(), key: always(text()), optional: present(boolean()) }, { required: ['key'] }),
  ),
});

/** Severity of log lines, in any case. */
export const severitySchema = oneOf(['Trace', 'Debug', 'Info', 'Warning', 'Error', 'Fatal'], { ignoreCase: true });

/** Address part of `IP`, `v4:port` or `[v6]:port`; undefined when it is none of them. */
export function parsePeerAddress(value: string): Address | undefined {
  const bare = parseAddress(value);
  if (bare !== undefined) return bare;
  const withPort = /^(?:([\d.]+)|\[([0-9a-fA-F:.]+)\]):(\d{1,5})$/.exec(value);
  if (withPort === null || Number(withPort[3]) < 1 || Number(withPort[3]) > 65535) return undefined;
  const address = parseAddress(withPort[1] ?? withPort[2]!);
  return address?.family === (withPort[1] === undefined ? 6 : 4) ? address : undefined;
}
