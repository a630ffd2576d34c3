# the file system is mounted read-only, as the kernel does after an error
# Directory by directory: a mount with files open for writing, as / always is, refuses.
for path in /boot /etc /home /opt /root /usr /var/lib; do
    case "$1" in
    on)
        mount --rbind "$path" "$path"
        mount -o remount,bind,ro "$path"
        ;;
    off) umount --lazy "$path" || true ;;
    esac
done
