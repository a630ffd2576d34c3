# another process holds the package manager's locks
case "$1" in
on)
    systemd-run --quiet --collect --unit=site-upgrade python3 -c '
import fcntl, time
held = [open(path, "w") for path in ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock")]
for each in held:
    fcntl.lockf(each, fcntl.LOCK_EX)
time.sleep(86400)
'
    ;;
off) systemctl stop site-upgrade || true ;;
esac
