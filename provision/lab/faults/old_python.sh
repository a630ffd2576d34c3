# Python is of version 3.6
case "$1" in
on)
    ln -s "$(readlink -f /usr/bin/python3)" /usr/local/bin/current-python
    mv /usr/bin/python3 /root/python3.link
    cat >/usr/bin/python3 <<'END'
#!/bin/sh
# A current Python that takes itself for an old one: `python3 -OPTIONS -c PROGRAM`.
exec /usr/local/bin/current-python "$1" -c '
import sys
sys.version_info = (3, 6, 8, "final", 0)
exec(sys.argv.pop(1))
' "$3"
END
    chmod 755 /usr/bin/python3
    ;;
off)
    mv /root/python3.link /usr/bin/python3
    rm /usr/local/bin/current-python
    ;;
esac
