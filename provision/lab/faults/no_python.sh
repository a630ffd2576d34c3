# no Python is installed
case "$1" in
on)
    mkdir /root/python
    mv /usr/bin/python3* /root/python
    ;;
off)
    mv /root/python/* /usr/bin
    rmdir /root/python
    ;;
esac
