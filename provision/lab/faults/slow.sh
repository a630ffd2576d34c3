# every SSH session takes five seconds to open
case "$1" in
on) echo 'sleep 5' >/etc/ssh/sshrc ;;
off) rm -f /etc/ssh/sshrc ;;
esac
