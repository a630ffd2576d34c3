#!/bin/sh
# Hook of mmdebstrap, called with the new root file system: what an installer leaves on a server.
set -e
root="$1"
kernel="@KERNEL@"
user="@USER@"

install -D -m 0755 "$(dirname "$0")/init" "$root/usr/lib/lab/init"

chroot "$root" useradd --create-home --shell /bin/bash "$user"
printf '%s ALL=(ALL) NOPASSWD: ALL\n' "$user" >"$root/etc/sudoers.d/$user"
chmod 0440 "$root/etc/sudoers.d/$user"

# Host keys belong to a server, not to an image.
rm -f "$root"/etc/ssh/ssh_host_*
: >"$root/etc/machine-id"

# The running kernel belongs to the machine, and no package of it is here: as much of it as depmod and
# update-initramfs want to see.
modules="$root/lib/modules/$kernel"
mkdir -p "$modules"
touch "$modules/modules.order" "$modules/modules.builtin" "$modules/modules.builtin.modinfo"
printf 'CONFIG_MODULES=y\nCONFIG_RD_GZIP=y\nCONFIG_RD_ZSTD=y\n' >"$root/boot/config-$kernel"
touch "$root/boot/vmlinuz-$kernel"
chroot "$root" depmod "$kernel"
chroot "$root" update-initramfs -c -k "$kernel"

# What has no hardware to act on in a container.
for unit in getty@tty1.service console-getty.service systemd-firstboot.service; do
    chroot "$root" systemctl mask "$unit"
done
