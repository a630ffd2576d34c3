# the server runs a system that no role supports
case "$1" in
on)
    rm /etc/os-release
    printf '%s\n' ID=slackware NAME=Slackware 'PRETTY_NAME="Slackware 15.0"' VERSION_ID=15.0 >/etc/os-release
    # What else programs read to tell one system from another.
    mv /etc/debian_version /root/debian_version
    echo 'Slackware 15.0' >/etc/slackware-version
    ;;
off)
    ln -sf ../usr/lib/os-release /etc/os-release
    mv /root/debian_version /etc/debian_version
    rm /etc/slackware-version
    ;;
esac
