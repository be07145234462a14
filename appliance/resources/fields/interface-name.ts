/** Names of interfaces, of endpoint ports and of containers. Pure. Source: Calico's v3 validator, Kubernetes port names. */
import { type TextSchema, text } from '../../lib/schema.ts';

/** A network interface, or `*`. */
export const interfaceSchema: TextSchema = text({
  shape: /^(?:\*|[a-zA-Z0-9_.-]{1,15})$/,
  check: (value) =>
    /^(?:\*|[a-zA-Z0-9_.-]{1,15})$/.test(value)
      ? undefined
      : "must be '*' or an interface name: at most 15 letters, digits, '_', '.' and '-'",
});

/** An interface pattern in which `*` stands for any text. */
export const interfaceWildcardSchema: TextSchema = text({
  shape: /^[a-zA-Z0-9_.*-]{1,15}$/,
  check: (value) =>
    /^[a-zA-Z0-9_.*-]{1,15}$/.test(value)
      ? undefined
      : "must be an interface name or pattern: at most 15 letters, digits, '_', '.', '-' and '*'",
});

/** The same, but not the bare `*`. */
export const narrowInterfaceWildcardSchema: TextSchema = text({
  shape: /^(?!\*$)[a-zA-Z0-9_.*-]{1,15}$/,
  check: (value) => (value === '*' ? "must not be '*' alone" : interfaceWildcardSchema.check!(value)),
});

/** An interface or prefix in Felix's lists; `+` at the end stands for any text. */
export const interfaceFilterSchema: TextSchema = text({
  shape: /^[a-zA-Z0-9:._+-]{1,15}$/,
  check: (value) =>
    /^[a-zA-Z0-9:._+-]{1,15}$/.test(value)
      ? undefined
      : "must be an interface name or filter: at most 15 letters, digits, ':', '.', '_', '+' and '-'",
});

/** Name of an endpoint's port. */
export const endpointPortNameSchema: TextSchema = text({
  check: checkEndpointPortName,
  shape: /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9](?:-?[a-z0-9])*$/,
});

/** What is wrong with the name of an endpoint's port, or undefined. */
export function checkEndpointPortName(name: string): string | undefined {
  const isLegal = /^[a-z0-9](?:-?[a-z0-9])*$/.test(name) && name.length <= 15 && /[a-z]/.test(name);
  return isLegal
    ? undefined
    : 'must be at most 15 lower-case letters, digits and single inner dashes, with at least one letter';
}

/** Identifier of a container. */
export const containerIdSchema: TextSchema = text({
  shape: /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/,
  check: (value) =>
    /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?$/.test(value)
      ? undefined
      : 'must consist of letters, digits and inner dashes',
});
