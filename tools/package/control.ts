/** The control files of the Debian package. Pure. Source: Debian Policy, chapters 5 to 7 and 10.7. */
import type { Architecture } from './architecture.ts';

export interface PackageFacts {
  readonly version: string;
  readonly architecture: Architecture;
  /** Of all files together. */
  readonly sizeKiB: number;
}

/** File name in DEBIAN/ -> contents. */
export function controlFiles(facts: PackageFacts): Readonly<Record<string, string>> {
  return { control: control(facts), conffiles: '/etc/calico/calico.env\n', postinst, prerm, postrm };
}

/** What must be there is what the agent calls; the rest is for people who want it. */
function control({ version, architecture, sizeKiB }: PackageFacts): string {
  return `Package: calico-appliance
Version: ${version}
Architecture: ${architecture.debian}
Maintainer: calico-appliance maintainers <maintainers@calico-appliance.invalid>
Installed-Size: ${sizeKiB}
Section: net
Priority: optional
Depends: libc6 (>= 2.28), libatomic1, libstdc++6, nftables, iproute2
Recommends: bird2, conntrack
Suggests: iptables, ipset
Description: Calico's job for plain Linux machines
 Label-based network policy on a host's workloads and on the host itself, with one API
 for calicoctl and kubectl, an embedded store or etcd. Its Node runtime is inside.
 .
 Installing it changes no traffic: nothing runs before
 "systemctl enable --now calico-node".
`;
}

/** Makes the user and the directories. Running services are started anew after an upgrade; none is started that was not running. */
const postinst = `#!/bin/sh
set -e
if [ "$1" = configure ]; then
  if [ -d /run/systemd/system ] || command -v systemd-sysusers >/dev/null; then
    systemd-sysusers /usr/lib/sysusers.d/calico-appliance.conf
    systemd-tmpfiles --create /usr/lib/tmpfiles.d/calico-appliance.conf
  fi
  getent group calico >/dev/null && chgrp calico /etc/calico/calico.env
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    # what is enabled together since a later version
    [ -z "$2" ] || ! systemctl is-enabled --quiet calico-node.service || systemctl enable --quiet calico-boot.service
    [ -z "$2" ] || systemctl try-restart calico-apiserver.service calico-node.service || true
  fi
fi
`;

/** An upgrade leaves the services running until the new files are there. What is enforced stays so until the package is purged. */
const prerm = `#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
  systemctl disable --now calico-node.service calico-boot.service calico-apiserver.service || true
fi
# The last moment at which there is a program that knows what is ours in the kernel.
if [ "$1" = remove ]; then
  /usr/lib/calico-appliance/bin/calico-node uninstall || true
fi
`;

/** Beside the code lies what the runtime has compiled of it. What the services wrote is theirs until the administrator says purge. */
const postrm = `#!/bin/sh
set -e
[ ! -d /run/systemd/system ] || systemctl daemon-reload
case $1 in remove | purge) rm -rf /usr/lib/calico-appliance ;; esac
if [ "$1" = purge ]; then
  rm -rf /var/lib/calico /var/cache/calico /run/calico /etc/calico
  ! getent passwd calico >/dev/null || userdel calico || true
  ! getent group calico >/dev/null || groupdel calico || true
fi
`;
