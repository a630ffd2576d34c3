"""Every way in which a host can differ from its receipt, and how it is told."""

import copy
from typing import Any

import pytest

from provision.plugins.module_utils.receipts.compare import compare

FILE = {"type": "file", "sha256": "aa", "mode": "0644", "owner": "root", "group": "root"}
STATE: dict[str, Any] = {
    "files": {"/etc/a.conf": FILE, "/etc/link": {"type": "link", "target": "/opt/a"}, "/etc/gone": None},
    "absent": {"/etc/apt/sources.list.d/old.list": False},
    "packages": {
        "nvidia-driver-cuda": {"version": "580.95.05-1", "held": True},
        "nvidia-docker2": {"version": None, "held": False},
    },
    "programs": {
        "/usr/lib/libcuda.so.580.95.05": {"size": 9, "changed": 5},
        "/usr/lib/libcuda.so.1": {"target": "libcuda.so.580.95.05"},
    },
    "units": {"docker.service": {"active": "active", "enabled": "enabled", "load": "loaded"}},
    "kernel_modules": {
        "release": "6.8.0-60",
        "modules": {"nvidia": {"loaded": "580.95.05", "installed": "580.95.05"}},
    },
    "gpus": {"0000:18:00.0": "10de:2330", "0000:2a:00.0": "10de:2330"},
    "json_keys": {"/etc/docker/daemon.json": {"keys": {"default-runtime": "11", "runtimes.nvidia": "22"}}},
    "groups": {"docker": {"alice": True}},
    "nouveau_absent": True,
    "cdi": {"files": {"/etc/cdi/nvidia.yaml": "cc"}, "devices": ["0", "1", "all"], "drivers": ["580.95.05"]},
}
RESOURCES = {
    "programs": {
        "nvidia-driver-cuda": ["/usr/lib/libcuda.so.580.95.05", "/usr/lib/libcuda.so.1"],
        "nvidia-docker2": [],
    }
}
DAEMON = "/etc/docker/daemon.json"

# path to what differs, the new value, what is told
CASES: list[tuple[tuple[str, ...], object, list[str]]] = [
    (("files", "/etc/a.conf", "sha256"), "bb", ["/etc/a.conf edited"]),
    (("files", "/etc/a.conf"), None, ["/etc/a.conf deleted"]),
    (("files", "/etc/a.conf", "mode"), "0666", ["/etc/a.conf mode 0644 -> 0666"]),
    (("files", "/etc/a.conf", "owner"), "bob", ["/etc/a.conf owner root -> bob"]),
    (("files", "/etc/a.conf", "group"), "adm", ["/etc/a.conf group root -> adm"]),
    (("files", "/etc/link", "target"), "/opt/b", ["/etc/link points to /opt/a -> /opt/b"]),
    (("files", "/etc/link"), FILE, ["/etc/link is a file instead of a link"]),
    (("files", "/etc/gone"), FILE, ["/etc/gone created"]),
    (("absent", "/etc/apt/sources.list.d/old.list"), True, ["/etc/apt/sources.list.d/old.list is back"]),
    (
        ("packages", "nvidia-driver-cuda", "version"),
        "595.71.05-1",
        ["nvidia-driver-cuda 580.95.05-1 -> 595.71.05-1"],
    ),
    (("packages", "nvidia-driver-cuda", "held"), False, ["nvidia-driver-cuda no longer held"]),
    (("packages", "nvidia-driver-cuda"), {"version": None, "held": False}, ["nvidia-driver-cuda removed"]),
    (
        ("packages", "nvidia-driver-cuda"),
        {"version": None, "held": False, "cut_off": "unpacked"},
        ["nvidia-driver-cuda is unpacked"],
    ),
    (("packages", "nvidia-docker2", "version"), "2.14.0-1", ["nvidia-docker2 2.14.0-1 installed"]),
    (("packages", "nvidia-docker2", "held"), True, ["nvidia-docker2 held"]),
    (
        ("programs", "/usr/lib/libcuda.so.580.95.05", "changed"),
        6,
        ["/usr/lib/libcuda.so.580.95.05 is not its package's any more"],
    ),
    (
        ("programs", "/usr/lib/libcuda.so.1", "target"),
        "libcuda.so.535.54",
        ["/usr/lib/libcuda.so.1 leads to libcuda.so.535.54 instead of libcuda.so.580.95.05"],
    ),
    (
        ("programs", "/usr/lib/libcuda.so.1"),
        {"size": 9, "changed": 6},
        ["/usr/lib/libcuda.so.1 is not its package's any more"],
    ),
    (("programs", "/usr/lib/libcuda.so.1"), None, ["/usr/lib/libcuda.so.1 deleted"]),
    (("units", "docker.service", "active"), "inactive", ["docker.service stopped"]),
    (("units", "docker.service", "active"), "failed", ["docker.service failed"]),
    (("units", "docker.service", "active"), "activating", ["docker.service keeps restarting"]),
    (("units", "docker.service", "enabled"), "disabled", ["docker.service disabled"]),
    (
        ("units", "docker.service"),
        {"active": "inactive", "enabled": "masked", "load": "masked"},
        ["docker.service masked", "docker.service stopped"],
    ),
    (
        ("units", "docker.service"),
        {"active": "inactive", "enabled": "", "load": "not-found"},
        ["docker.service gone"],
    ),
    (
        ("kernel_modules",),
        {"release": "6.8.0-71", "modules": {"nvidia": {"loaded": "580.95.05", "installed": None}}},
        ["kernel 6.8.0-71 has no nvidia module"],
    ),
    (
        ("kernel_modules",),
        {"release": "6.8.0-71", "modules": {"nvidia": {"loaded": None, "installed": None}}},
        ["kernel 6.8.0-71 has no nvidia module", "nvidia module not loaded"],
    ),
    (
        ("kernel_modules", "release"),
        "6.8.0-71",
        [],
    ),
    (("kernel_modules", "modules", "nvidia", "loaded"), None, ["nvidia module not loaded"]),
    (
        ("kernel_modules", "modules", "nvidia", "loaded"),
        "570.1",
        ["loaded nvidia module 580.95.05 -> 570.1"],
    ),
    (
        ("kernel_modules", "modules", "nvidia", "installed"),
        "595.71.05",
        ["installed nvidia module 580.95.05 -> 595.71.05"],
    ),
    (("gpus",), {"0000:2a:00.0": "10de:2330"}, ["GPU 0000:18:00.0 (10de:2330) missing"]),
    (("gpus", "0000:18:00.0"), "10de:20b0", ["GPU 0000:18:00.0 replaced: 10de:2330 -> 10de:20b0"]),
    (("gpus", "0000:99:00.0"), "10de:2330", ["GPU 0000:99:00.0 (10de:2330) added"]),
    (("gpus", "0000:18:00.0"), "10de:2330 GPU-1", []),
    (("json_keys", DAEMON, "keys", "default-runtime"), "99", [f"{DAEMON} edited (default-runtime)"]),
    (("json_keys", DAEMON, "keys", "runtimes.nvidia"), None, [f"{DAEMON} removed (runtimes.nvidia)"]),
    (("json_keys", DAEMON), {"error": "missing"}, [f"{DAEMON} deleted"]),
    (("json_keys", DAEMON), {"error": "malformed"}, [f"{DAEMON} is not valid JSON"]),
    (("groups", "docker", "alice"), False, ["user alice no longer in group docker"]),
    (("nouveau_absent",), False, ["nouveau is loaded"]),
    (("cdi", "files"), {}, ["CDI specification /etc/cdi/nvidia.yaml deleted"]),
    (
        ("cdi", "files", "/var/run/cdi/nvidia.yaml"),
        "dd",
        ["second CDI specification /var/run/cdi/nvidia.yaml"],
    ),
    (("cdi", "files", "/etc/cdi/nvidia.yaml"), "dd", ["CDI specification /etc/cdi/nvidia.yaml edited"]),
    (("cdi", "drivers"), ["570.1"], ["CDI specification is for driver 580.95.05 -> 570.1"]),
    (("cdi", "devices"), ["0", "all"], ["CDI specification lost 1"]),
]


@pytest.mark.parametrize(("path", "value", "told"), CASES, ids=lambda item: str(item)[:60])
def test_a_difference_is_told_in_a_persons_words(
    path: tuple[str, ...], value: object, told: list[str]
) -> None:
    now = copy.deepcopy(STATE)
    place = now
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert compare({"state": STATE, "resources": RESOURCES}, now) == told


def test_nothing_is_told_when_nothing_differs() -> None:
    assert compare({"state": STATE, "resources": RESOURCES}, copy.deepcopy(STATE)) == []


def test_programs_of_other_versions_go_without_saying() -> None:
    now = copy.deepcopy(STATE)
    now["packages"]["nvidia-driver-cuda"]["version"] = "595.71.05-1"
    now["programs"] = dict.fromkeys(STATE["programs"])
    assert compare({"state": STATE, "resources": RESOURCES}, now) == [
        "nvidia-driver-cuda 580.95.05-1 -> 595.71.05-1"
    ]


def test_every_kind_has_a_case() -> None:
    assert {path[0] for path, _, _ in CASES} == set(STATE)


@pytest.mark.parametrize("kind", sorted(STATE))
def test_a_kind_that_is_missing_is_a_difference(kind: str) -> None:
    now = {key: value for key, value in STATE.items() if key != kind}
    assert compare({"state": STATE, "resources": RESOURCES}, now) == [
        f"{kind.replace('_', ' ')} not measured"
    ]
    assert compare({"state": now}, STATE) == [f"{kind.replace('_', ' ')} not measured"]


def test_a_second_problem_is_not_hidden_by_the_first() -> None:
    now = copy.deepcopy(STATE)
    now["files"]["/etc/a.conf"] = {**FILE, "sha256": "bb", "mode": "0600"}
    assert compare({"state": STATE, "resources": RESOURCES}, now) == [
        "/etc/a.conf edited",
        "/etc/a.conf mode 0644 -> 0600",
    ]


def test_another_card_of_the_same_model_is_known_by_its_uuid() -> None:
    before, after = {"0000:18:00.0": "10de:2330 GPU-1"}, {"0000:18:00.0": "10de:2330 GPU-2"}
    receipt = {"state": {"gpus": before}}
    assert compare(receipt, {"gpus": after}) == ["GPU 0000:18:00.0 replaced: GPU-1 -> GPU-2"]
    assert compare(receipt, {"gpus": {"0000:18:00.0": "10de:2330"}}) == []
