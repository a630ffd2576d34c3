# SSH presents a host key that known_hosts does not have
cd /etc/ssh
case "$1" in
on)
    mkdir /root/host_key
    mv ssh_host_ed25519_key ssh_host_ed25519_key.pub /root/host_key
    ssh-keygen -q -t ed25519 -N '' -f ssh_host_ed25519_key
    ;;
off)
    mv /root/host_key/* .
    rmdir /root/host_key
    ;;
esac
systemctl restart ssh
