# SSH shows a banner, and every shell greets on stdout
case "$1" in
on)
    echo 'Authorized use only.' >/etc/issue.net
    echo 'Banner /etc/issue.net' >/etc/ssh/sshd_config.d/site.conf
    cp /home/admin/.bashrc /root/bashrc.admin
    sed -i '1i echo "Welcome to $(hostname)!"' /home/admin/.bashrc
    ;;
off)
    rm /etc/ssh/sshd_config.d/site.conf
    cat /root/bashrc.admin >/home/admin/.bashrc
    rm /root/bashrc.admin
    ;;
esac
systemctl reload ssh
