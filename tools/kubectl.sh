#!/bin/sh
# Gets the kubectls the tests speak through, and prints where they are: Debian's (1.20, from its package, not installed), Kubernetes' 1.32
# and a current one, both built from its public Go module. Some minutes the first time, then at once; what cannot be had is said in NAME.skipped.
# Usage: sh tools/kubectl.sh [NAME...]   (NAMES: debian v1.32 current)
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
out="$root/node_modules/.cache/kubectl"
limit=900 # seconds for one build, from nothing, on a slow machine
mkdir -p "$out"

# skip NAME REASON: tests count it as skipped and print the reason.
skip() { echo "kubectl.sh: no $1 kubectl: $2" >&2; echo "$2" >"$out/$1.skipped"; }
# is_new NAME SOURCE: the program is there and made from this version of the source.
is_new() { [ -x "$out/$1" ] && cmp -s "$2" "$out/$1.source"; }

# The package is unpacked, not installed: another kubectl of the machine stays as it is.
debian() {
  [ -x "$out/debian" ] && return 0
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || { skip debian "this is not Debian"; return 0; }
  dir=$(mktemp -d)
  (cd "$dir" && { apt-get download -qq kubernetes-client || { apt-get update -qq && apt-get download -qq kubernetes-client; }; } >&2 2>/dev/null) || true
  if dpkg-deb -x "$dir"/kubernetes-client_*.deb "$dir/root" 2>/dev/null && [ -x "$dir/root/usr/bin/kubectl" ]; then
    mv "$dir/root/usr/bin/kubectl" "$out/debian"
  else skip debian "the package kubernetes-client could not be fetched"; fi
  rm -rf "$dir"
}

# build NAME: from the module in test/kubectl/NAME. The linker flags leave out what only a debugger reads.
build() {
  module="$root/test/kubectl/$1"
  is_new "$1" "$module/go.mod" && return 0
  command -v go >/dev/null || { skip "$1" "there is no go"; return 0; }
  version=$(sed -n 's/^\tk8s.io\/kubectl v0\./v1./p' "$module/go.mod")
  flags="-s -w -X k8s.io/component-base/version.gitVersion=$version -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$(echo "$version" | cut -d. -f2)"
  if (cd "$module" && nice timeout "$limit" go build -ldflags "$flags" -o "$out/$1.new" . 2>"$out/$1.log"); then
    mv "$out/$1.new" "$out/$1"; cp "$module/go.mod" "$out/$1.source"; rm -f "$out/$1.skipped"
  else skip "$1" "$(go version) did not build it: $(tail -1 "$out/$1.log")"; fi
}

[ $# -gt 0 ] || set -- debian v1.32 current
for name in "$@"; do
  case $name in
    debian) debian ;;
    v1.32 | current) build "$name" ;;
    *) echo "kubectl.sh: unknown name $name" >&2; exit 2 ;;
  esac
  [ ! -x "$out/$name" ] || echo "$out/$name"
done
