#!/bin/bash
# The lab kernel's first process: `init.sh NODE AGENT ROOT`. Mounts what the guest has for itself, runs the agent on
# the first serial line, powers off when the agent ends (an init that just ended would make the kernel reboot for ever).
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /run
mkdir -p /dev/pts /run/netns /run/kernel/lib
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
ln -s /usr/lib/uml/modules /run/kernel/lib/modules
modprobe() { command /sbin/modprobe -d /run/kernel "$@"; }
export -f modprobe
hostname lab
ip link set lo up
cd "$3" && stty raw -echo <>/dev/ttyS0 && "$1" "$2"
echo "lab: the agent ended with status $?"
echo o >/proc/sysrq-trigger
while :; do sleep 1; done
