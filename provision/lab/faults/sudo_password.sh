# sudo asks for the password, which is `lab`
case "$1" in
on)
    echo admin:lab | chpasswd
    sed -i s/NOPASSWD:// /etc/sudoers.d/admin
    ;;
off)
    usermod --password '!' admin
    echo 'admin ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/admin
    ;;
esac
