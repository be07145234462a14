#!/bin/sh
# npm test: bootstrap, then every test one machine can run. The last line is the count. Arguments go to the runner (file patterns).
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$root"
sh tools/bootstrap.sh test
exec sh bin/run-ts tools/test.ts "$@"
