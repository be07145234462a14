#!/bin/sh
# npm run bench: bootstrap, then the figures. Arguments: the part (store, host), then what it takes; without a part both run, and numbers are the host's:
#   npm run bench -- store [directory]    the embedded store beside etcd
#   npm run bench -- host 100 1000        one host with so many policies
set -eu
# The system's programs first: npm puts packages' programs in front, and one of them is called nft.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$root"
sh tools/bootstrap.sh test
part=both
case ${1:-} in store|host) part=$1; shift ;; esac
[ "$part" != store ] || exec sh bin/run-ts test/bench/store.ts "$@"
if [ "$part" = both ]; then
  if command -v go >/dev/null; then sh bin/run-ts test/bench/store.ts
  else echo "bench: the store part needs Go (golang-go) to build its load generator: left out" >&2; fi
fi
exec sh bin/run-ts test/bench/host.ts "$@"
