#!/bin/sh
# The first program of the virtual machine, on the files of the machine that runs it: runs what the kernel's command line asks for, says how it ended,
# and switches off. Its output is the machine's console.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=/root
export PATH HOME
mount -t cgroup2 cgroup /sys/fs/cgroup 2>/dev/null
ip link set lo up
echo "calico.uptime $(cut -d" " -f1 /proc/uptime)"
root=$(dirname -- "$(readlink -f -- "$0")")/../../..
cd "$root" || exit 1
program=$(sed -n 's/.*calico\.program=\([^ ]*\).*/\1/p' /proc/cmdline)
NODE_COMPILE_CACHE=/work-cache/compile
export NODE_COMPILE_CACHE
sh bin/run-ts --test-reporter=tap "$program" </dev/null 2>&1
echo "calico.exit=$?"
echo o >/proc/sysrq-trigger
sleep 5
