/** Which links are those of workloads. Pure. */

/** By its name alone, whether or not an endpoint is known for it. */
export function isWorkloadLink(name: string, config: { readonly interfacePrefixes: readonly string[] }): boolean {
  return config.interfacePrefixes.some((prefix) => name.startsWith(prefix));
}
