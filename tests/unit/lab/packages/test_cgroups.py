"""The hook finds the cgroup of a container wherever the host has it mounted."""

import pytest

from provision.lab.packages.doubles.container_toolkit.cgroups import DeviceGroup, device_group

_V1 = "30 25 0:26 / /sys/fs/cgroup/devices rw,nosuid - cgroup cgroup rw,devices\n"
_V2 = "31 25 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
_V2_PART = "31 25 0:27 /host1 /sys/fs/cgroup rw,nosuid - cgroup2 none rw\n"


@pytest.mark.parametrize(
    ("membership", "mountinfo", "group"),
    [
        (
            "4:devices:/docker/abc\n0::/docker/abc\n",
            _V1,
            DeviceGroup("/sys/fs/cgroup/devices/docker/abc", False),
        ),
        ("0::/system.slice/a.scope\n", _V2, DeviceGroup("/sys/fs/cgroup/system.slice/a.scope", True)),
        (
            "4:devices:/docker/outer\n0::/host1/system.slice/a.scope\n",
            _V2_PART,
            DeviceGroup("/sys/fs/cgroup/system.slice/a.scope", True),
        ),
    ],
    ids=["v1", "v2", "v2, a part of it, inside of a v1 machine"],
)
def test_device_group(membership: str, mountinfo: str, group: DeviceGroup) -> None:
    assert device_group(membership, mountinfo) == group


def test_without_cgroups_nothing_is_found() -> None:
    with pytest.raises(LookupError):
        device_group("0::/\n", "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
