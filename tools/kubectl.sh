#!/bin/sh
# Builds a recent kubectl from Kubernetes' public Go module (some minutes the first time) and prints where it is.
# Usage: KUBECTL=$(sh tools/kubectl.sh) npm test -- test/system/kubectl.test.ts
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
out="$root/node_modules/.cache/kubectl"
mkdir -p "$root/node_modules/.cache"
version=$(sed -n 's/^\tk8s.io\/kubectl v0\./v1./p' "$root/test/kubectl/go.mod")
(cd "$root/test/kubectl" && go build -ldflags "-X k8s.io/component-base/version.gitVersion=$version" -o "$out" . >&2)
echo "$out"
