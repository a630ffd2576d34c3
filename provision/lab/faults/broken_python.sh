# Python's standard library is damaged
library=$(dirname "$(find /usr/lib/python3.* -maxdepth 1 -name json)")
case "$1" in
on) mv "$library/json/decoder.py" /root/decoder.py ;;
off) mv /root/decoder.py "$library/json/decoder.py" ;;
esac
