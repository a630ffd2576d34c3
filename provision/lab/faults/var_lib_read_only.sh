# /var/lib is mounted read-only
case "$1" in
on)
    mount --bind /var/lib /var/lib
    mount -o remount,bind,ro /var/lib
    ;;
off) umount /var/lib ;;
esac
