"""What `plan --diff` predicts is what `up` changes, both ways: on servers left half done, and for another driver.

Fresh servers are in `test_check_mode`, one role after the other in `test_coverage`, drifted ones in `test_drift`.
"""

from pathlib import Path

import pytest

from .receipts_lab import (
    A100,
    H100,
    HOSTS,
    INVENTORY,
    ROLES,
    differing,
    fresh,
    plan,
    product,
    provisioned,
    reasons,
    root,
    up,
)

pytestmark = pytest.mark.e2e

_OTHER_DRIVER = "595.71.05"
_DRIVER = "dpkg-query --show --showformat '${db:Status-Status}' nvidia-driver-cuda 2>/dev/null"
# Ends the run on a server as a power cut would, seen from the run: all at once, nothing is told to end.
_KILL = """
until {moment}; do :; done
pkill -KILL -x 'apt-get|dpkg' || true
pkill -KILL -f 'BECOME-SUCCESS|sshd(-session)?: admin|^/usr/bin/python3(\\.[0-9]+)?$'
"""
_MOMENTS = {
    # The driver's packages are there, nothing is configured.
    A100: f'[ "$({_DRIVER})" = installed ] && ! pgrep -x apt-get >/dev/null',
    # Some packages are unpacked, some configured.
    H100: f'case "$({_DRIVER})" in unpacked|half-*) true ;; *) false ;; esac',
}
# Servers that lost power while packages were unpacked: there whole and not configured, half there, not there yet.
# A newer driver is on offer, which nobody asked for.
_ARCHIVE = "/var/cache/apt/archives/{package}_580.178.04-1_*.deb"
_TORN = r"sed -i '/^Package: {package}$/,/^$/s/^Status: .*/Status: install {state}/' /var/lib/dpkg/status"
_CUT_OFF = {
    A100: [
        "dpkg --force-all --remove libcuda1 nvidia-driver-cuda",
        "dpkg --unpack " + _ARCHIVE.format(package="nvidia-driver-cuda"),
        _TORN.format(package="firmware-nvidia-gsp", state="reinstreq half-installed"),
    ],
    H100: [
        "dpkg --force-all --remove nvidia-fabricmanager nvidia-driver-cuda",
        "dpkg --unpack " + _ARCHIVE.format(package="libcuda1"),
        _TORN.format(package="nvidia-persistenced", state="reinstreq half-installed"),
        _TORN.format(package="nvidia-modprobe", state="ok half-configured"),
    ],
}

# MIG devices that somebody made by hand: on a GPU that the layout does not name, and where there is no layout.
_CLEAR = "nvidia-smi mig -i {gpu} -dci; nvidia-smi mig -i {gpu} -dgi;"
_BY_HAND = {
    A100: f"{_CLEAR.format(gpu=1)} systemctl stop nvidia-persistenced; nvidia-smi -i 1 -mig 1;"
    " nvidia-smi --gpu-reset -i 1; systemctl start nvidia-persistenced;"
    " nvidia-smi mig -i 1 -cgi 3g.20gb,1g.5gb -C",
    H100: f"{_CLEAR.format(gpu=0)} nvidia-smi -i 0 -mig 1; nvidia-smi mig -i 0 -cgi 3g.40gb -C",
}
_LOST = {A100: "GPU 0000:0f:00.0 (1g.5gb, 3g.20gb)", H100: "GPU 0000:1b:00.0 (3g.40gb)"}


def test_servers_on_which_a_run_was_killed() -> None:
    fresh()
    # The toolkit is there before the driver is, and so cannot describe the GPUs.
    stage = product("up", "--no-verify", "--only", "docker_engine,nvidia_container_toolkit")
    assert {host["roles"]["docker_engine"] for host in stage.json["hosts"].values()} == {"changed"}, stage
    assert all("nvidia_driver" in host["hint"] for host in stage.json["hosts"].values()), stage
    for host, moment in _MOMENTS.items():
        _kill_at(host, moment)
    killed = product("up", "--no-verify")
    assert killed.code == 1, killed
    assert {host["outcome"] for host in killed.json["hosts"].values()} == {"unreachable"}, killed
    planned = plan("--diff")
    done = up()
    assert not differing(planned, done)
    assert reasons(plan()) == {}


def test_servers_that_lost_power_while_packages_were_unpacked() -> None:
    provisioned()
    for host, commands in _CUT_OFF.items():
        root(host, " && ".join(commands))
        assert root(host, "dpkg --audit").strip(), host
    planned = plan("--diff")
    assert reasons(planned).keys() == set(HOSTS)
    done = up()
    assert not differing(planned, done)
    assert reasons(plan()) == {}
    for host in HOSTS:
        assert not root(host, "dpkg --audit").strip(), host


def test_another_driver_takes_along_what_hangs_on_it(tmp_path: Path) -> None:
    provisioned()
    for host, script in _BY_HAND.items():
        root(host, script)
    gpus = {host: root(host, "nvidia-smi -L") for host in HOSTS}
    inventory = tmp_path / "inventory.ini"
    text = INVENTORY.read_text().replace('"580.178.04"', f'"{_OTHER_DRIVER}"')
    inventory.write_text(text)
    refused = product("up", "--no-verify", inventory=inventory)
    assert refused.code == 3, refused
    for host, lost in _LOST.items():
        assert (
            f"destroy the MIG devices of {lost}, which no layout names"
            in refused.json["hosts"][host]["error"]
        )
        assert root(host, "nvidia-smi -L") == gpus[host]

    inventory.write_text(f"{text}\nnvidia_mig_allow_destroy=true\n")
    planned = plan("--diff", inventory=inventory)
    assert "mig_destroy" in planned.json["hosts"][H100]["roles"]["nvidia_driver"]["disruption"]
    done = up(inventory=inventory)
    told = reasons(planned)
    assert told[A100].keys() == {"nvidia_driver", "nvidia_mig", "nvidia_container_toolkit"}
    assert told[H100].keys() == {"nvidia_driver", "nvidia_container_toolkit"}
    for host in HOSTS:
        ran = {role for role in ROLES if done.json["hosts"][host]["roles"][role] != "skipped"}
        assert ran == told[host].keys()
    assert not differing(planned, done)
    assert reasons(plan(inventory=inventory)) == {}


def _kill_at(host: str, moment: str) -> None:
    """Have a server wait for a moment and then end whatever works for the run; not as part of any login."""
    script = _KILL.format(moment=moment)
    root(
        host,
        f"cat >/run/kill.sh <<'END'\n{script}END\n"
        "systemd-run --quiet --collect --property=RuntimeMaxSec=300 sh /run/kill.sh\n",
    )
