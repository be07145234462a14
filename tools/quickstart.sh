#!/bin/sh
# npm run quickstart [-- --keep]: bootstrap, then real packets allowed and denied by named policies, in namespaces of its own.
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
sh "$root/tools/bootstrap.sh" run
exec sh "$root/bin/run-ts" "$root/tools/quickstart/main.ts" "$@"
