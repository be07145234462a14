/**
 * A workload on a host under test: a namespace of its own behind a link as a container runtime makes it, which listens on a port. Gone with each boot of the
 * host, and made anew. I/O.
 */
import type { BootedHost } from './booted-host.ts';

export interface Workload {
  readonly name: string;
  readonly host: string;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
}

export const workloadPort = 8080;

/** Its endpoint, as somebody who provisions it stores it. */
export function workloadManifest({ name, host, address, labels }: Workload): string {
  return `apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata:
  name: ${host.replaceAll('-', '--')}-test-${name}-eth0
  namespace: default
  labels: ${JSON.stringify(labels)}
spec:
  node: ${host}
  orchestrator: test
  workload: ${name}
  endpoint: eth0
  interfaceName: cali${name}
  ipNetworks: [${address}/32]
`;
}

/** Plugs it in; what it runs lives until the host goes down. */
export async function plugIn(host: BootedHost, { name, address }: Workload): Promise<void> {
  await host.sh(`set -e
ip netns add ${name}
ip link add cali${name} type veth peer name eth0 netns ${name}
ip link set cali${name} address ee:ee:ee:ee:ee:ee up
ip -n ${name} link set lo up
ip -n ${name} link set eth0 up
ip -n ${name} address add ${address} dev eth0
ip -n ${name} route add 169.254.1.1 dev eth0 scope link
ip -n ${name} route add default via 169.254.1.1 dev eth0
systemd-run --quiet --unit=listen-${name} ip netns exec ${name} nc -l -k -p ${workloadPort}`);
}

/** Whether a connection from the workload is taken; one second is long on a bridge. */
export async function reaches(
  host: BootedHost,
  from: Workload,
  address: string,
  port = workloadPort,
): Promise<boolean> {
  const ask = `ip netns exec ${from.name} nc -z -w 1 ${address} ${port} && echo open || echo shut`;
  return (await host.sh(ask)) === 'open';
}
