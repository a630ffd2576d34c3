# a package transaction stands still once its packages are unpacked, until the fault is off
case "$1" in
on)
    touch /var/local/stuck
    cat >/usr/local/sbin/stand-still <<'END'
#!/bin/sh
[ "$DPKG_HOOK_ACTION" = configure ] || exit 0
touch /var/local/stands-still
while [ -e /var/local/stuck ]; do sleep 0.2; done
END
    chmod 755 /usr/local/sbin/stand-still
    echo 'pre-invoke=/usr/local/sbin/stand-still' >/etc/dpkg/dpkg.cfg.d/stuck
    ;;
off) rm -f /var/local/stuck /var/local/stands-still /etc/dpkg/dpkg.cfg.d/stuck ;;
esac
