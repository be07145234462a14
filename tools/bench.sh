#!/bin/sh
# npm run bench: bootstrap, then the figures. Arguments: the part (store, host, packets, api, cli, idle), then what it takes; without a part store and host run, and numbers are the host's:
#   npm run bench -- store [directory]    the embedded store beside etcd
#   npm run bench -- host 100 1000        one host with so many policies
#   npm run bench -- packets 0 1000       what a packet costs behind so many rules, each form of policy beside bare forwarding
#   npm run bench -- api                  the REST API over 10,000 policies, and calicoctl beside kubectl
#   npm run bench -- idle                 what a host costs that does nothing: size, memory, start
#   npm run bench -- cli                  what calicoctl takes, beside what upstream's takes
set -eu
# The system's programs first: npm puts packages' programs in front, and one of them is called nft.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$root"
sh tools/bootstrap.sh test
part=both
case ${1:-} in store|host|packets|api|cli|idle) part=$1; shift ;; esac
case $part in api|cli|idle) exec sh bin/run-ts "test/bench/$part.ts" ;; esac
[ "$part" != packets ] || exec sh bin/run-ts test/bench/packets.ts "$@"
[ "$part" != store ] || exec sh bin/run-ts test/bench/store.ts "$@"
if [ "$part" = both ]; then
  if command -v go >/dev/null; then sh bin/run-ts test/bench/store.ts
  else echo "bench: the store part needs Go (golang-go) to build its load generator: left out" >&2; fi
fi
[ "$part" != both ] || sh bin/run-ts test/bench/idle.ts
exec sh bin/run-ts test/bench/host.ts "$@"
