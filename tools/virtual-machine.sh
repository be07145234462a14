#!/bin/sh
# Gets the kernel that tests boot in a virtual machine (Debian's own, from its package, not installed) with an initramfs that hands over to this
# machine's files, and prints the folder they are in: vmlinuz, initramfs, modules. Some seconds the first time, then at once.
# Usage: sh tools/virtual-machine.sh
set -eu
root=$(dirname -- "$(dirname -- "$(readlink -f -- "$0")")")
out="$root/node_modules/.cache/virtual-machine"
script="$root/tools/virtual-machine.sh"
mkdir -p "$out"
[ "$(cat "$out/made-for" 2>/dev/null)" = "$root" ] && cmp -s "$script" "$out/made-by" && { echo "$out"; exit 0; }
fail() { echo "virtual-machine.sh: $*" >&2; exit 1; }
command -v dpkg-deb >/dev/null && command -v apt-get >/dev/null || fail "this is not Debian"

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# fetch PACKAGE: unpacks it below $dir/root.
fetch() {
  (cd "$dir" && { apt-get download -qq "$1" || { apt-get update -qq && apt-get download -qq "$1"; }; } >&2 2>/dev/null) || fail "the package $1 cannot be fetched"
  dpkg-deb -x "$dir/$1"_*.deb "$dir/root"
}
kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
[ -n "$kernel" ] || { apt-get update -qq >&2; kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1); }
[ -n "$kernel" ] || fail "there is no package linux-image-cloud-amd64"
fetch "$kernel"
fetch busybox-static
version=$(ls "$dir/root/lib/modules")
/sbin/depmod -b "$dir/root" "$version"

# The initramfs: a shell, the modules that reach the files of this machine, and what hands over to them.
init="$dir/init"
mkdir -p "$init/bin" "$init/modules" "$init/lower" "$init/upper" "$init/whole" "$init/proc" "$init/dev"
cp "$dir/root/bin/busybox" "$init/bin/busybox"
order=""
add() {
  for file in $(sed -n "s#^\(kernel/[^:]*/$1\.ko\): *\(.*\)#\2 \1#p" "$dir/root/lib/modules/$version/modules.dep" | tr ' ' '\n' | tac_deps); do
    name=$(basename "$file")
    [ -e "$init/modules/$name" ] || { cp "$dir/root/lib/modules/$version/$file" "$init/modules/"; order="$order $name"; }
  done
}
# Dependencies stand nearest first; the farthest is to be loaded first, the module itself last.
tac_deps() { awk 'NF { lines[++n] = $0 } END { for (i = n - 1; i >= 1; i--) print lines[i]; if (n) print lines[n] }'; }
for module in virtio_pci virtiofs overlay; do add "$module"; done
cat >"$init/init" <<INIT
#!/bin/busybox sh
/bin/busybox mkdir -p /bin && /bin/busybox --install -s /bin
for module in $order; do insmod /modules/\$module; done
mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t virtiofs -o ro files /lower || exec sh
mount -t tmpfs tmpfs /upper
mkdir /upper/top /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/top,workdir=/upper/work whole /whole
mkdir -p /whole/lib/modules/$version /whole/proc /whole/sys /whole/dev
mount --bind /lower$out/modules/$version /whole/lib/modules/$version
mount --move /dev /whole/dev
mount -t proc proc /whole/proc
mount -t sysfs sys /whole/sys
mkdir -p /whole/dev/shm /whole/dev/pts
mount -t tmpfs tmpfs /whole/run
mount -t tmpfs tmpfs /whole/tmp
exec switch_root /whole /bin/sh $root/test/system/virtual-machine/init.sh
INIT
sed -i '1s#.*#\#!/bin/busybox sh#' "$init/init"
chmod 755 "$init/init"
(cd "$init" && find . | /usr/bin/cpio -o -H newc --quiet 2>/dev/null || find . | "$dir/root/bin/busybox" cpio -o -H newc 2>/dev/null) | gzip -1 >"$out/initramfs"
cp "$dir/root/boot/vmlinuz-$version" "$out/vmlinuz"
rm -rf "$out/modules"
mkdir -p "$out/modules"
cp -a "$dir/root/lib/modules/$version" "$out/modules/"
echo "$root" >"$out/made-for"
cp "$script" "$out/made-by"
echo "$out"
