#!/bin/sh
# Starts and stops Fabric Manager: --mode start|stop --fm-config-file FILE --fm-pid-file FILE
set -e
mode= config=/usr/share/nvidia/nvswitch/fabricmanager.cfg pid=
while [ $# -gt 0 ]; do
    case "$1" in
        --mode) mode=$2 ;;
        --fm-config-file) config=$2 ;;
        --fm-pid-file) pid=$2 ;;
        *) echo "unknown option $1" >&2; exit 1 ;;
    esac
    shift 2
done
case "$mode" in
    start) exec /usr/bin/nv-fabricmanager -c "$config" -g "$pid" ;;
    stop) [ ! -f "$pid" ] || kill "$(cat "$pid")" ;;
    *) echo "mode must be start or stop" >&2; exit 1 ;;
esac
