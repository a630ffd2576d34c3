"""The flags that systemd starts dockerd with."""

import pytest

from provision.plugins.module_utils.containers.dockerd_flags import conflicts, environment_files, parse_unit

DEBIAN = """# /lib/systemd/system/docker.service
[Unit]
Description=Docker Application Container Engine

[Service]
Type=notify
EnvironmentFile=-/etc/default/docker
ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS
ExecReload=/bin/kill -s HUP $MAINPID
"""
DROP_IN = """
# /etc/systemd/system/docker.service.d/override.conf
[Service]
ExecStart=
ExecStart=/usr/bin/dockerd -H fd:// --add-runtime=nvidia=/usr/bin/nvidia-container-runtime \\
  --log-driver journald --live-restore
"""
DEFAULTS = '# comment\nDOCKER_OPTS="--dns 192.0.2.1 --insecure-registry=a:5000 -D"\n'


def found(unit: str, files: dict[str, str], *paths: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(path, flag.source) for path, flag in conflicts(parse_unit(unit, files), paths)]


def test_the_unit_as_packaged_takes_hosts_only() -> None:
    flags = {flag.key for flag in parse_unit(DEBIAN, {})}
    assert flags == {"hosts", "containerd"}
    assert found(DEBIAN, {}, ("hosts",)) == [("hosts", "/lib/systemd/system/docker.service")]


def test_the_drop_in_in_force_is_named() -> None:
    source = "/etc/systemd/system/docker.service.d/override.conf"
    unit = DEBIAN + DROP_IN
    assert found(unit, {}, ("log-driver",), ("live-restore",), ("debug",)) == [
        ("log-driver", source),
        ("live-restore", source),
    ]


def test_only_the_same_runtime_conflicts() -> None:
    unit = DEBIAN + DROP_IN
    assert [path for path, _ in found(unit, {}, ("runtimes", "nvidia", "path"))] == ["runtimes.nvidia.path"]
    assert found(unit, {}, ("runtimes", "crun", "path")) == []


def test_flags_come_from_environment_files_too() -> None:
    assert environment_files(DEBIAN) == ["/etc/default/docker"]
    files = {"/etc/default/docker": DEFAULTS}
    assert found(DEBIAN, files, ("dns",), ("insecure-registries",), ("debug",), ("labels",)) == [
        ("dns", "/etc/default/docker"),
        ("insecure-registries", "/etc/default/docker"),
        ("debug", "/etc/default/docker"),
    ]


@pytest.mark.parametrize(
    ("flag", "key"),
    [
        ("-s overlay2", "storage-driver"),
        ("--label=a=b", "labels"),
        ("--exec-opt native.cgroupdriver=systemd", "exec-opts"),
        ("--default-runtime=nvidia", "default-runtime"),
        ("--icc=false", "icc"),
        ("--registry-mirror https://x", "registry-mirrors"),
    ],
)
def test_flags_map_to_keys(flag: str, key: str) -> None:
    unit = f"# /x.service\n[Service]\nExecStart=/usr/bin/dockerd {flag}\n"
    assert [found.key for found in parse_unit(unit, {})] == [key]
