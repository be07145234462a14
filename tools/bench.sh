#!/bin/sh
# npm run bench: bootstrap, then the figures. Arguments: sizes (numbers of policies), e.g. npm run bench -- 100 1000
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$root"
sh tools/bootstrap.sh test
exec sh bin/run-ts test/bench/host.ts "$@"
