#!/bin/sh
# Builds a small program over etcd's own Go client (half a minute the first time) and prints where it is.
# Usage: ETCD_CLIENT=$(sh tools/etcd-client.sh) npm test -- test/appliance/etcd-face/go-client.test.ts
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
out="$root/node_modules/.cache/etcd-client"
mkdir -p "$root/node_modules/.cache"
(cd "$root/test/etcd-client" && go build -o "$out" . >&2)
echo "$out"
