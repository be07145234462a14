/** How a host is named in its certificate. Pure. Source: Kubernetes documentation, "Using Node Authorization". */

/** Group and user of a host's certificate. */
export const nodesGroup = 'system:nodes';
export const nodeUserOf = (node: string) => `system:node:${node}`;

/** RFC 5280 gives a common name 64 letters. */
const commonNameLettersMax = 64;

/** What a host's name may be, and still stand in a certificate. Undefined when it is good. */
export function nodeNameProblem(node: string): string | undefined {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(node))
    return 'must consist of lower-case letters, digits, dashes and dots';
  if (nodeUserOf(node).length > commonNameLettersMax)
    return `is longer than the ${commonNameLettersMax - nodeUserOf('').length} letters a certificate has for it`;
  return undefined;
}
