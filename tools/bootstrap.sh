#!/bin/sh
# Brings a fresh Debian machine to where the project runs: says what it installs, installs only what is missing, safe to repeat.
# Usage: sh tools/bootstrap.sh [run|test]   (run: what the product and the quickstart need; test: also the real parts tests run against)
set -eu
# The system's programs first: npm puts packages' programs in front, and one of them is called nft.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
level=${1:-run}
say() { echo "bootstrap: $*" >&2; }

[ "$(uname -s)" = Linux ] || { say "this needs Linux"; exit 1; }
[ "$(id -u)" = 0 ] || { say "this needs root (network namespaces, nftables): run it as root"; exit 1; }
command -v npm >/dev/null || { say "npm is missing: install nodejs and npm first"; exit 1; }

# command:package pairs; a package is installed when its command is absent.
needed="ip:iproute2 nft:nftables ping:iputils-ping sysctl:procps"
if [ "$level" = test ]; then
  needed="$needed conntrack:conntrack etcd:etcd-server etcdctl:etcd-client openssl:openssl socat:socat nc:netcat-openbsd"
  needed="$needed go:golang-go faketime:faketime mkfs.ext4:e2fsprogs zsh:zsh fish:fish mandoc:mandoc bash:bash"
  [ -z "${VIRTUAL_MACHINE:-}" ] || needed="$needed qemu-system-x86_64:qemu-system-x86 depmod:kmod"
  needed="$needed iptables-nft-restore:iptables ipset:ipset ufw:ufw firewalld:firewalld fail2ban-server:fail2ban dbus-daemon:dbus"
fi
missing=""
for pair in $needed; do
  command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
# The pinned Node runtime is linked against it, and a minimal Debian does not have it.
ldconfig -p | grep -q 'libatomic\.so\.1 ' || missing="$missing libatomic1"
# Tests of the API fuzz it with a Python program and use a Python client, in environments of their own.
[ "$level" = test ] && { python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3 python3-venv"; }
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || { say "please install:$missing"; exit 1; }
  say "installing Debian packages:$missing"
  export DEBIAN_FRONTEND=noninteractive
  # No daemon may start by itself: tests start their own servers in places of their own.
  policy=/usr/sbin/policy-rc.d
  created=""
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"; created=1
  fi
  trap '[ -z "$created" ] || rm -f "$policy"' EXIT
  apt-get update -qq >/dev/null || say "apt-get update failed; trying with the lists at hand"
  # shellcheck disable=SC2086
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

# npm packages: install when the lock file has changed since the last time.
stamp="$root/node_modules/.calico-appliance-lock"
if ! cmp -s "$root/package-lock.json" "$stamp"; then
  say "installing npm packages (no install scripts are run)"
  # Not npm ci: it insists on lock entries for the packages of every platform, also those a registry does not carry.
  (cd "$root" && npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
  cp "$root/package-lock.json" "$stamp"
fi
[ "$level" != test ] || for list in schemathesis kubernetes prometheus; do sh "$root/tools/python.sh" "$list" >/dev/null; done
[ "$level" != test ] || sh "$root/tools/openapi-client.sh"

# The kernel that one test boots in a virtual machine (npm run test:vm).
[ "$level" != test ] || [ -z "${VIRTUAL_MACHINE:-}" ] || sh "$root/tools/virtual-machine.sh" >/dev/null

# The kubectls the tests speak through: a few minutes the first time. What cannot be had is said, and counted as skipped by its test.
[ "$level" != test ] || sh "$root/tools/kubectl.sh" >/dev/null
