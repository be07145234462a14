#!/bin/sh
# Generates a TypeScript client from an OpenAPI document into a directory. The generator needs an earlier TypeScript than this project: it lives in
# node_modules/.cache with its own, versions pinned. Usage: sh tools/openapi-client.sh DOCUMENT DIRECTORY
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
home="$root/node_modules/.cache/openapi-client"
stamp="$home/.versions-0.99.0-5.9.3"
if [ ! -e "$stamp" ]; then
  rm -rf "$home"
  mkdir -p "$home"
  echo '{ "private": true }' >"$home/package.json"
  (cd "$home" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error --save-exact @hey-api/openapi-ts@0.99.0 typescript@5.9.3 >&2)
  touch "$stamp"
fi
[ $# = 0 ] || "$home/node_modules/.bin/openapi-ts" -i "$1" -o "$2" -c @hey-api/client-fetch -s >&2
