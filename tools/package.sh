#!/bin/sh
# npm run package: a Debian package in dist/, with the pinned Node runtime and everything else it needs inside, and an SBOM beside it.
# Usage: npm run package [-- amd64|arm64]
# Of the environment: PACKAGE_VERSION (of package.json), PACKAGE_DIST (the directory, dist), PACKAGE_COMPRESSION=none (quicker, three times the size).
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
cd "$root"
sh tools/bootstrap.sh run
exec sh bin/run-ts tools/package/main.ts "$@"
