#!/bin/sh
# npm run bench: bootstrap, then the figures. Arguments: sizes (numbers of policies), e.g. npm run bench -- 100 1000
set -eu
# The system's programs first: npm puts packages' programs in front, and one of them is called nft.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$root"
sh tools/bootstrap.sh test
exec sh bin/run-ts test/bench/host.ts "$@"
