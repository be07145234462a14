#!/bin/sh
# Makes the Python environment of the API fuzzer (schemathesis, version pinned) in node_modules/.cache, when it is not there, and prints its program.
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
venv="$root/node_modules/.cache/schemathesis"
version=4.32.1
stamp="$venv/.version-$version"
if [ ! -e "$stamp" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv" >&2
  "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" >&2
  touch "$stamp"
fi
echo "$venv/bin/schemathesis"
