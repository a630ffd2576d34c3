"""What of a package's files is run, and which of it is not the package's any more."""

from pathlib import Path

import pytest

from provision.plugins.module_utils.packages.programs import (
    DpkgFiles,
    by_package,
    displaced,
    failing,
    programs,
)


def test_only_what_is_run_or_linked_with_counts() -> None:
    wanted = [
        "/lib/x86_64-linux-gnu/libudev.so.1.7.5",
        "/usr/bin/nvidia-smi",
        "/usr/lib/x86_64-linux-gnu/libcuda.so",
        "/usr/lib/x86_64-linux-gnu/nvidia/current/libcuda.so.535.261.03",
        "/usr/lib64/libnvidia-ml.so.1",
        "/usr/sbin/dkms",
    ]
    others = [
        "/etc/nvidia-container-runtime/config.toml",
        "/lib/systemd/system/nvidia-persistenced.service",
        "/usr/bin",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/share/doc/libcuda1/copyright",
        "/usr/share/lintian/overrides/libcuda.so",
        "/usr/src/nvidia-580.95.05/dkms.conf",
    ]
    assert programs([*others, *reversed(wanted)]) == wanted


def test_what_dpkg_and_rpm_complain_of() -> None:
    output = """\
missing     /usr/bin/nvidia-smi
??5?????? c /etc/nvidia/config
??5??????   /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05
S.5....T.    /usr/lib64/libnvidia-ml.so.580.95.05
....L....    /usr/lib64/libnvidia-ml.so.1
.M.....T.    /usr/bin/nvidia-modprobe
dpkg-query: package 'x' is not installed
"""
    assert failing(output) == [
        "/usr/bin/nvidia-smi",
        "/etc/nvidia/config",
        "/usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05",
        "/usr/lib64/libnvidia-ml.so.580.95.05",
        "/usr/lib64/libnvidia-ml.so.1",
    ]


@pytest.mark.parametrize(
    ("target", "broken"),
    [
        ("libcuda.so.580.95.05", False),
        ("libcuda.so.535.54", True),  # nobody's
        ("libnvidia-ml.so.580.95.05", True),  # another library
        (None, True),  # no link any more
        ("", True),  # gone, of which dpkg says nothing
    ],
)
def test_a_soname_leads_to_its_own_library(tmp_path: Path, target: str | None, broken: bool) -> None:
    soname = tmp_path / "libcuda.so.1"
    if target is None:
        soname.write_text("elf")
    elif target:
        soname.symlink_to(target)
    packaged = {str(tmp_path / "libcuda.so.580.95.05"), str(tmp_path / "libnvidia-ml.so.580.95.05")}
    found = displaced([str(soname)], [], packaged.__contains__)
    assert found == ([str(soname)] if broken else [])


def test_plain_files_are_dpkgs_to_judge(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text("elf")
    assert displaced([str(program)], [str(program)], lambda _: False) == []


def test_dpkgs_database_is_read(tmp_path: Path) -> None:
    (tmp_path / "libcuda1:amd64.list").write_text("/.\n/usr\n/usr/lib/libcuda.so.1\n")
    (tmp_path / "libcuda1:amd64.md5sums").write_text(
        "d41d8cd98f00b204e9800998ecf8427e  usr/lib/libcuda.so.1\n"
    )
    (tmp_path / "libcuda1-dev.list").write_text("/usr/lib/libcuda.so\n")
    files = DpkgFiles(str(tmp_path))
    assert files.paths("libcuda1") == ["/.", "/usr", "/usr/lib/libcuda.so.1"]
    assert files.summed("libcuda1") == ["/usr/lib/libcuda.so.1"]
    assert files.paths("libnvidia-ml1") == []


def test_broken_files_are_told_by_package() -> None:
    paths = {"b": ["/usr/bin/b", "/usr/bin/c"], "a": ["/usr/bin/a"]}
    assert by_package(paths, ["/usr/bin/c", "/etc/c"]) == {"b": ["/usr/bin/c"]}
