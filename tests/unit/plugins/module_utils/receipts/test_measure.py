"""Measuring a folder that stands for a machine."""

import grp
import os
import pwd
from pathlib import Path
from typing import Any

import pytest

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.packages.installed import parse_dpkg_status, parse_rpm
from provision.plugins.module_utils.receipts.measure import ResourcesError, measure

RELEASE = "6.1.0-40-amd64"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    put(tmp_path, "/proc/sys/kernel/osrelease", RELEASE + "\n")
    return Machine(str(tmp_path))


def put(root: Path, path: str, text: str) -> Path:
    file = root / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def take(machine: Machine, kind: str, wanted: object) -> Any:  # noqa: ANN401
    return measure({kind: wanted}, machine)[kind]


def test_a_file_has_content_mode_and_owner(machine: Machine) -> None:
    put(Path(machine.root), "/etc/a", "hello").chmod(0o640)
    me, mine = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
    assert take(machine, "files", ["/etc/a", "/etc/none"]) == {
        "/etc/a": {
            "type": "file",
            "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            "mode": "0640",
            "owner": me,
            "group": mine,
        },
        "/etc/none": None,
    }


def test_a_link_is_its_target_and_never_followed(machine: Machine) -> None:
    (Path(machine.root) / "link").symlink_to("/nowhere")
    assert take(machine, "files", ["/link"])["/link"] == {"type": "link", "target": "/nowhere"}
    assert take(machine, "absent", ["/link", "/other"]) == {"/link": True, "/other": False}


def test_a_program_is_known_by_size_and_time_and_a_link_by_its_target(machine: Machine) -> None:
    os.utime(put(Path(machine.root), "/usr/lib/libcuda.so.580", "elf"), (1.5, 1.5))
    (Path(machine.root) / "usr/lib/libcuda.so.1").symlink_to("libcuda.so.580")
    paths = ["/usr/lib/libcuda.so.580", "/usr/lib/libcuda.so.1", "/usr/bin/nvidia-smi"]
    assert take(machine, "programs", {"libcuda1": paths[:2], "nvidia-smi": paths[2:]}) == {
        "/usr/bin/nvidia-smi": None,
        "/usr/lib/libcuda.so.1": {"target": "libcuda.so.580"},
        "/usr/lib/libcuda.so.580": {"size": 3, "changed": 1},
    }


def test_a_folder_and_a_pipe_are_told_apart(machine: Machine) -> None:
    (Path(machine.root) / "folder").mkdir(mode=0o755)
    os.mkfifo(Path(machine.root) / "pipe")
    found = take(machine, "files", ["/folder", "/pipe"])
    assert (found["/folder"]["type"], found["/pipe"]["type"]) == ("directory", "special")


DPKG = """Package: bash
Status: install ok installed
Version: 5.2.15-2+b8

Package: nvidia-driver-cuda
Status: hold ok installed
Priority: optional
Version: 580.95.05-1
Description: a line
 Version: 9
 .
 Package: fake

Package: removed
Status: deinstall ok config-files
Version: 1.0

Package: half
Status: install ok half-configured
Version: 1.0

Package: both
Status: deinstall ok config-files
Architecture: i386
Version: 1.0

Package: both
Status: install ok installed
Architecture: amd64
Version: 2.0
"""


@pytest.mark.parametrize(
    ("name", "version", "held"),
    [
        ("bash", "5.2.15-2+b8", False),
        ("nvidia-driver-cuda", "580.95.05-1", True),
        ("removed", None, False),
        ("both", "2.0", False),
        ("never-heard-of", None, False),
        ("fake", None, False),
        ("bas", None, False),
    ],
)
def test_dpkg(name: str, version: str | None, held: bool) -> None:
    assert parse_dpkg_status(DPKG, [name]) == {name: {"version": version, "held": held}}


def test_dpkg_was_cut_off() -> None:
    found = parse_dpkg_status(DPKG, ["half"])
    assert found == {"half": {"version": None, "held": False, "cut_off": "half-configured"}}


@pytest.mark.parametrize(
    ("locked", "held"),
    [
        ("nvidia-open-3:580.95.05-1.el9.*", True),
        ("nvidia-open-580.95.05-1.el9.*", True),
        ("!nvidia-open-3:580.95.05-1.el9.*", False),
        ("nvidia-open-extras-3:580.95.05-1.el9.*", False),
        ('[[packages]]\nname = "nvidia-open"\n', True),
        ('[[packages]]\nname = "nvidia-open-extras"\n', False),
        ("", False),
    ],
)
def test_rpm_and_its_version_locks(locked: str, held: bool) -> None:
    output = "nvidia-open 3:580.95.05-1.el9\nbash 0:5.1.8-9.el9\npackage nope is not installed\n"
    assert parse_rpm(output, locked, ["nvidia-open", "bash", "nope"]) == {
        "nvidia-open": {"version": "3:580.95.05-1.el9", "held": held},
        "bash": {"version": "5.1.8-9.el9", "held": False},
        "nope": {"version": None, "held": False},
    }


@pytest.mark.parametrize(
    ("release", "version"),
    [
        ("ID=debian\n", "1.0"),
        ('ID=pop\nID_LIKE="ubuntu debian"\n', "1.0"),
        ("ID=rocky\nID_LIKE=rhel\n", "2.0"),
    ],
)
def test_the_distribution_decides_who_is_asked(
    machine: Machine, release: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(Path(machine.root), "/etc/os-release", release)
    status = "Package: a\nStatus: install ok installed\nVersion: 1.0\n"
    put(Path(machine.root), "/var/lib/dpkg/status", status)
    monkeypatch.setattr(machine, "run", lambda _: (0, "a 0:2.0\n"))
    assert take(machine, "packages", ["a"])["a"]["version"] == version


def answering(machine: Machine, monkeypatch: pytest.MonkeyPatch, output: str) -> Machine:
    monkeypatch.setattr(machine, "run", lambda _: (0, output))
    return machine


def test_units_are_told_in_systemds_words(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    output = (
        "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\n"
        "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n"
    )
    assert take(answering(machine, monkeypatch, output), "units", ["b.service", "a.service"]) == {
        "a.service": {"active": "active", "enabled": "enabled", "load": "loaded"},
        "b.service": {"active": "inactive", "enabled": "", "load": "not-found"},
    }


@pytest.mark.parametrize(("kept", "active"), [("no", "inactive"), ("yes", "activating")])
def test_a_unit_that_ends_by_itself_is_no_other_while_it_runs(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, kept: str, active: str
) -> None:
    output = f"LoadState=loaded\nActiveState=activating\nType=oneshot\nRemainAfterExit={kept}\n"
    found = take(answering(machine, monkeypatch, output), "units", ["a.service"])
    assert found["a.service"]["active"] == active


def test_gpus_are_nvidias_display_controllers(machine: Machine) -> None:
    bus = "/sys/bus/pci/devices"
    for address, vendor, kind in (
        ("0000:18:00.0", "0x10de", "0x030200"),
        ("0000:19:00.0", "0x10de", "0x068000"),  # an NVSwitch
        ("0000:1a:00.1", "0x10de", "0x040300"),  # the audio function of a GPU
        ("0000:01:00.0", "0x1a03", "0x030000"),  # the board's own VGA
    ):
        for name, text in (("vendor", vendor), ("class", kind), ("device", "0x2330")):
            put(Path(machine.root), f"{bus}/{address}/{name}", text + "\n")
    assert take(machine, "gpus", True) == {"0000:18:00.0": "10de:2330"}
    about = "/proc/driver/nvidia/gpus/0000:18:00.0/information"
    put(Path(machine.root), about, "Model: \t H100\nGPU UUID: \t GPU-????????-????\n")
    assert take(machine, "gpus", True) == {"0000:18:00.0": "10de:2330"}
    put(Path(machine.root), about, "Model: \t H100\nGPU UUID: \t GPU-4d04e08e-1c0f\n")
    assert take(machine, "gpus", True) == {"0000:18:00.0": "10de:2330 GPU-4d04e08e-1c0f"}


def test_loaded_and_installed_versions(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    put(Path(machine.root), "/sys/module/nvidia/version", "580.95.05\n")
    put(Path(machine.root), f"/lib/modules/{RELEASE}/updates/dkms/nvidia.ko", "")
    monkeypatch.setattr(machine, "run", lambda _: (0, "595.71.05\n"))
    assert take(machine, "kernel_modules", ["nvidia"]) == {
        "release": RELEASE,
        "modules": {"nvidia": {"loaded": "580.95.05", "installed": "595.71.05"}},
    }


def test_only_the_named_keys_of_a_json_file_count(machine: Machine) -> None:
    wanted = {"path": "/etc/d.json", "keys": [["default-runtime"], ["runtimes", "nvidia"], ["none"]]}
    file = put(
        Path(machine.root), "/etc/d.json", '{"default-runtime": "nvidia", "runtimes": {"nvidia": {"a": 1}}}'
    )
    before = take(machine, "json_keys", wanted)
    file.write_text('{"x": 1, "runtimes": {"nvidia": {"a":1}, "y": {}},\n "default-runtime": "nvidia"}')
    assert take(machine, "json_keys", wanted) == before == take(machine, "json_keys", [wanted])
    file.write_text('{"default-runtime": "runc", "runtimes": {"nvidia": {"a": 1}}}')
    after = take(machine, "json_keys", wanted)["/etc/d.json"]["keys"]
    keys = before["/etc/d.json"]["keys"]
    assert after["default-runtime"] != keys["default-runtime"]
    assert after["runtimes.nvidia"] == keys["runtimes.nvidia"]
    assert after["none"] is None


@pytest.mark.parametrize(("text", "error"), [("{", "malformed"), (None, "missing")])
def test_a_json_file_that_cannot_be_read(machine: Machine, text: str | None, error: str) -> None:
    if text is not None:
        put(Path(machine.root), "/etc/d.json", text)
    assert take(machine, "json_keys", {"path": "/etc/d.json", "keys": [["a"]]}) == {
        "/etc/d.json": {"error": error}
    }


def test_members_of_a_group_by_list_or_as_their_own_group(machine: Machine) -> None:
    put(Path(machine.root), "/etc/group", "docker:x:999:alice,bob\n")
    put(Path(machine.root), "/etc/passwd", "carol:x:1:999::/:/bin/sh\ndave:x:2:1000::/:/bin/sh\n")
    wanted = {"docker": ["alice", "carol", "dave"], "none": ["alice"]}
    assert take(machine, "groups", wanted) == {
        "docker": {"alice": True, "carol": True, "dave": False},
        "none": {"alice": False},
    }


CDI = """cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
    - name: "0"
      containerEdits: {deviceNodes: [{path: /dev/nvidia0}]}
    - name: GPU-7a1c2e9b-0c51-4f0f-9b1d-6f2a4c8d1e02
    - name: all
containerEdits:
    env: [NVIDIA_VISIBLE_DEVICES=void]
    hooks:
        - hookName: createContainer
          path: /usr/bin/nvidia-cdi-hook
    mounts:
        - hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05
        - hostPath: /usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.95.05
"""


def test_a_cdi_specification(machine: Machine) -> None:
    put(Path(machine.root), "/etc/cdi/nvidia.yaml", CDI)
    put(Path(machine.root), "/etc/cdi/other.yaml", 'cdiVersion: 0.5.0\nkind: "vendor.com/nic"\n')
    put(Path(machine.root), "/etc/cdi/nvidia.yaml.bak", CDI)
    found = take(machine, "cdi", True)
    assert list(found["files"]) == ["/etc/cdi/nvidia.yaml"]
    assert found["devices"] == ["0", "GPU-7a1c2e9b-0c51-4f0f-9b1d-6f2a4c8d1e02", "all"]
    assert found["drivers"] == ["580.95.05"]


def test_a_cdi_specification_that_was_generated_again_is_the_same(machine: Machine) -> None:
    file = put(Path(machine.root), "/var/run/cdi/nvidia.yaml", CDI)
    before = take(machine, "cdi", True)
    *lines, cuda, nvml = CDI.splitlines()
    file.write_text("\n".join([*lines, nvml, cuda]))
    assert take(machine, "cdi", True) == before
    file.write_text(CDI.replace("nvidia-cdi-hook", "other"))
    assert take(machine, "cdi", True) != before


def test_a_cdi_specification_in_json(machine: Machine) -> None:
    put(
        Path(machine.root),
        "/etc/cdi/n.json",
        '{\n"kind": "nvidia.com/gpu",\n"devices": [\n{\n"name": "0",\n"x": 1}]}',
    )
    assert take(machine, "cdi", True)["devices"] == ["0"]


def test_empty_and_false_resources_are_not_measured(machine: Machine) -> None:
    assert measure({"files": [], "gpus": False, "packages": []}, machine) == {}


@pytest.mark.parametrize(
    "resources",
    [{"flies": []}, {"json_keys": {"path": "/a"}}, {"groups": ["docker"]}, {"packages": 3}],
    ids=["unknown kind", "no keys", "no mapping", "number"],
)
def test_malformed_resources_are_refused(machine: Machine, resources: dict[str, object]) -> None:
    with pytest.raises(ResourcesError):
        measure(resources, machine)
