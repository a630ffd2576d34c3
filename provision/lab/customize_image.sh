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

# The running kernel as far as its modules and initramfs matter: none is installed as a package.
mkdir -p "$root/lib/modules/$kernel"
touch "$root/lib/modules/$kernel/modules.order" "$root/lib/modules/$kernel/modules.builtin"
chroot "$root" depmod "$kernel"

# What has no hardware to act on in a container.
for unit in getty@tty1.service console-getty.service systemd-firstboot.service; do
    chroot "$root" systemctl mask "$unit" >/dev/null 2>&1
done
