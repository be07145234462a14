#!/bin/sh
# npm test: bootstrap, then every test one machine can run. The last line is the count. Arguments go to the runner (file patterns).
set -eu
# The system's programs first: npm puts packages' programs in front, and one of them is called nft.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$root"
sh tools/bootstrap.sh test
exec sh bin/run-ts tools/test.ts "$@"
