# no byte is free below /var/cache/apt/archives, /var/lib/provision and /usr/src
for path in /var/cache/apt/archives /var/lib/provision /usr/src; do
    case "$1" in
    on)
        mkdir -p "$path"
        mount -t tmpfs -o size=4k full "$path"
        head -c 4096 /dev/zero >"$path/.filled"
        ;;
    off) umount "$path" || true ;;
    esac
done
