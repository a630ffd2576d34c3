# a connection is cut as soon as its command has begun to read
case "$1" in
on)
    cat >/usr/local/bin/cut-session <<'END'
#!/bin/sh
head -c 100 >/dev/null
kill -9 "$PPID"
END
    chmod 755 /usr/local/bin/cut-session
    echo 'ForceCommand exec /usr/local/bin/cut-session' >/etc/ssh/sshd_config.d/cut.conf
    ;;
off) rm /etc/ssh/sshd_config.d/cut.conf /usr/local/bin/cut-session ;;
esac
systemctl reload ssh
