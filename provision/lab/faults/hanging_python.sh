# Python starts and never gets anywhere
case "$1" in
on)
    mv /usr/bin/python3 /root/python3.link
    printf '#!/bin/sh\nexec sleep infinity\n' >/usr/bin/python3
    chmod 755 /usr/bin/python3
    ;;
off) mv /root/python3.link /usr/bin/python3 ;;
esac
