#!/bin/sh
# npm run quickstart [-- --keep]: bootstrap, then real packets allowed and denied by named policies, in namespaces of its own.
set -eu
# The system's programs first: npm puts packages' programs in front, and one of them is called nft.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
sh "$root/tools/bootstrap.sh" run
exec sh "$root/bin/run-ts" "$root/tools/quickstart/main.ts" "$@"
