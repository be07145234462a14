/** Addresses and prefixes as the v3 API takes them, by the tag names of its validator. Pure. Source: Calico's v3 validator. */
import {
  type Address,
  addressBits,
  type Family,
  isMasked,
  parseAddress,
  parsePrefix,
  parsePrefixOrAddress,
} from '../../lib/ip/address.ts';
import { type TextSchema, text } from '../../lib/schema.ts';

/** A bare address, of either family unless pinned. */
export function ipSchema(family?: Family): TextSchema {
  return text({
    format: family === undefined ? 'ip' : `ipv${family}`,
    check: (value) =>
      isFamily(parseAddress(value), family)
        ? undefined
        : `must be an ${familyName(family)}address such as ${example(family)}`,
  });
}

/** Any prefix (host bits allowed) or bare address. */
export function cidrOrIpSchema(family?: Family): TextSchema {
  return text({
    format: family === undefined ? 'cidr-or-ip' : `ipv${family}-cidr-or-ip`,
    check: (value) =>
      isFamily(parsePrefixOrAddress(value)?.address, family)
        ? undefined
        : `must be an ${familyName(family)}address or prefix such as ${example(family)}`,
  });
}

/** A bare address, or a prefix without host bits. */
export function netSchema(family?: Family): TextSchema {
  return text({
    format: family === undefined ? 'cidr-or-ip' : `ipv${family}-cidr-or-ip`,
    check: (value) => {
      const prefix = parsePrefixOrAddress(value);
      if (prefix === undefined || !isFamily(prefix.address, family)) {
        return `must be an ${familyName(family)}address or prefix such as ${example(family)}`;
      }
      return isMasked(prefix) ? undefined : 'must have no bits set after its prefix length';
    },
  });
}

/** One address: bare, or as a prefix of full length. */
export const hostAddressSchema: TextSchema = text({
  format: 'cidr-or-ip',
  check: (value) => {
    const prefix = parsePrefixOrAddress(value);
    return prefix !== undefined && prefix.length === addressBits(prefix.address.family)
      ? undefined
      : 'must be one address such as 10.77.3.65 or 10.77.3.65/32';
  },
});

/** A prefix with its length and without host bits. */
export function strictCidrSchema(family?: Family, maxLength?: number): TextSchema {
  return text({
    format: cidrFormat(family),
    ...(maxLength === undefined ? {} : { maxLength }),
    check: (value) => {
      const prefix = parsePrefix(value);
      if (prefix === undefined || !isFamily(prefix.address, family)) {
        return `must be an ${familyName(family)}prefix with its length, such as ${example(family)}`;
      }
      return isMasked(prefix) ? undefined : 'must have no bits set after its prefix length';
    },
  });
}

const anyStrictCidr = strictCidrSchema();

/** A prefix to exclude: strict, and not the whole of its family, or nothing would be left. */
export const excludedCidrSchema: TextSchema = text({
  format: 'cidr',
  check: (value) =>
    anyStrictCidr.check!(value) ??
    (parsePrefix(value)?.length === 0 ? 'excludes every address, so the rule would match nothing' : undefined),
});

/** A prefix with its length; host bits allowed. */
export function cidrSchema(family?: Family): TextSchema {
  return text({
    format: cidrFormat(family),
    check: (value) =>
      isFamily(parsePrefix(value)?.address, family)
        ? undefined
        : `must be an ${familyName(family)}prefix with its length, such as ${example(family)}`,
  });
}

/** A hardware address of 6, 8 or 20 bytes in colon, dash or dot notation. */
export const macSchema: TextSchema = text({
  format: 'mac',
  check: (value) => (isMac(value) ? undefined : 'must be a MAC address such as ee:ee:ee:ee:ee:ee'),
});

function cidrFormat(family: Family | undefined): string {
  return family === undefined ? 'cidr' : `ipv${family}-cidr`;
}

function isMac(value: string): boolean {
  const colons = value.split(value.includes('-') ? '-' : ':');
  if ([6, 8, 20].includes(colons.length)) return colons.every((part) => /^[0-9a-fA-F]{2}$/.test(part));
  const dots = value.split('.');
  return [3, 4, 10].includes(dots.length) && dots.every((part) => /^[0-9a-fA-F]{4}$/.test(part));
}

function isFamily(address: Address | undefined, family: Family | undefined): boolean {
  return address !== undefined && (family === undefined || address.family === family);
}

function familyName(family: Family | undefined): string {
  return family === undefined ? 'IP ' : `IPv${family} `;
}

function example(family: Family | undefined): string {
  return family === 6 ? 'fd00:77::/64' : '10.77.0.0/16';
}
