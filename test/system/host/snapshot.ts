/** What a host has in its kernel and on its disks, to compare before an installation and after a purge. I/O. */
import type { BootedHost } from './booted-host.ts';

/** Lines that only one of them has, each behind the part it is of. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  return Object.keys(before).flatMap((part) => {
    const [was, is] = [before, after].map((snapshot) => snapshot[part]!.split('\n'));
    const gone = was!.filter((line) => !is!.includes(line)).map((line) => `${part} - ${line}`);
    return [...gone, ...is!.filter((line) => !was!.includes(line)).map((line) => `${part} + ${line}`)];
  });
}

export type Snapshot = Readonly<Record<string, string>>;

/** What must be the same after a purge; what the package manager and the journal keep for themselves is left out. */
export async function snapshot(host: BootedHost): Promise<Snapshot> {
  const unchanging =
    "-path /var/lib/dpkg -prune -o -path /var/lib/apt -prune -o -path /var/cache/apt -prune -o -path /var/cache/debconf -prune -o -path /var/lib/systemd -prune -o -path /var/log -prune -o -path /var/tmp -prune -o -path '/etc/*-' -prune -o";
  return {
    ruleset: await host.run('nft', 'list', 'ruleset'),
    routes: await host.sh('ip route show table all; ip -6 route show table all; ip rule; ip -6 rule'),
    links: await host.sh('ip -o link | cut -d" " -f1-5'),
    sysctls: await host.sh('sysctl -a 2>/dev/null | grep "^net\\." | grep -v conntrack_count'),
    files: await host.sh(`find /etc /usr /var /lib -xdev ${unchanging} -type f -exec sha256sum {} + | sort -k2`),
    directories: await host.sh(`find /etc /usr /var /lib -xdev ${unchanging} -type d -print | sort`),
  };
}
