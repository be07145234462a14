/** How the address of an etcd server may be written. Pure. */

/** As etcd's own clients take a bare `host:port`: https when there are certificates, else http. */
export function withScheme(endpoint: string, isSecure: boolean): string {
  if (/^(https?|unix):/.test(endpoint)) return endpoint;
  return `${isSecure ? 'https' : 'http'}://${endpoint}`;
}
