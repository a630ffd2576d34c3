# /etc/docker/daemon.json has a comma too many
cd /etc/docker 2>/dev/null || { mkdir /etc/docker && cd /etc/docker; }
case "$1" in
on)
    if [ -e daemon.json ]; then mv daemon.json /root/daemon.json.good; fi
    printf '{\n    "log-driver": "json-file",\n}\n' >daemon.json
    ;;
off)
    rm -f daemon.json
    if [ -e /root/daemon.json.good ]; then mv /root/daemon.json.good daemon.json; fi
    ;;
esac
