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

# Where the machine is on cgroup v1, a server that needs v2 has a directory of a hierarchy that the lab mounts. It
# becomes the root of all control groups in here: programs look for /proc/PID/cgroup below /sys/fs/cgroup.
if [ -e /sys/fs/cgroup/cgroup.procs ] && ! grep -qx '0::/' /proc/self/cgroup; then
    echo 0 >/sys/fs/cgroup/cgroup.procs
    exec unshare --cgroup /lib/systemd/systemd
fi

exec /lib/systemd/systemd
