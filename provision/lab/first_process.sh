#!/bin/sh
# First process of a simulated server, before systemd: gives each start what a real boot has.
set -e

# A boot id of its own: programs that wait for a reboot compare it.
cat /proc/sys/kernel/random/uuid >/run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id

# Where the machine is on cgroup v2, Docker mounts the server's part of it read-only.
if [ -e /sys/fs/cgroup/cgroup.controllers ] && ! [ -w /sys/fs/cgroup/cgroup.procs ]; then
    mount -o remount,rw /sys/fs/cgroup
fi

exec /lib/systemd/systemd
