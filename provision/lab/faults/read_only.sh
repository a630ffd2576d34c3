# the root file system is mounted read-only
case "$1" in
on) mount -o remount,bind,ro / ;;
off) mount -o remount,bind,rw / ;;
esac
