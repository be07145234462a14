#!/bin/sh
# Makes a Python environment with the packages of test/python/NAME.txt (pinned) and prints its interpreter; made anew when the list has changed.
# Usage: PYTHON=$(sh tools/python.sh NAME)
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
list="$root/test/python/$1.txt"
place="$root/node_modules/.cache/python/$1"
if ! cmp -s "$list" "$place/installed.txt"; then
  rm -rf "$place"
  python3 -m venv "$place" >&2
  "$place/bin/pip" install --quiet --disable-pip-version-check --no-input -r "$list" >&2
  cp "$list" "$place/installed.txt"
fi
echo "$place/bin/python"
