#!/bin/sh
# Prints where a minimal Debian lies that tests boot copies of; makes it the first time (a minute or two), from the archive this machine uses.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
export PATH
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
release=${1:-bookworm}
image="$root/node_modules/.cache/debian-$release"
if [ ! -e "$image/.complete" ]; then
  missing=""
  command -v debootstrap >/dev/null || missing="$missing debootstrap"
  command -v systemd-nspawn >/dev/null || missing="$missing systemd-container"
  if [ -n "$missing" ]; then
    echo "base-image: installing Debian packages:$missing" >&2
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  fi
  archive=$(grep -hoE '(https?|file):[^ ]+' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -E '/debian/?$' | head -n 1 || true)
  echo "base-image: building Debian $release in $image" >&2
  rm -rf "$image"
  mkdir -p "$image"
  packages=systemd,systemd-sysv,dbus,nftables,iproute2,libatomic1,iputils-ping,procps,netcat-openbsd
  # shellcheck disable=SC2086
  debootstrap --variant=minbase --include=$packages "$release" "$image" $archive >"$image.log" 2>&1 || { tail -n 5 "$image.log" >&2; exit 1; }
  rm -rf "$image"/var/cache/apt/archives/*.deb "$image"/var/lib/apt/lists/* "$image/etc/machine-id"
  touch "$image/.complete"
fi
echo "$image"
