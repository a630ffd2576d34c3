"""What the container runtime's double adds to a bundle for each request."""

from typing import Any

import pytest

from provision.lab.packages.doubles.container_toolkit import cdi, inventory, oci, requests, runtime, settings
from provision.lab.packages.doubles.container_toolkit.inventory import Machine

_CTL = "/dev/nvidiactl"


def _config(*env: str, **rest: object) -> dict[str, Any]:
    return {"process": {"env": ["PATH=/bin", *env]}, "root": {"path": "rootfs"}, **rest}


@pytest.fixture
def on_machine(machine: Machine, common: cdi.Edits, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the runtime find the machine of these tests."""
    monkeypatch.setattr(inventory, "read", lambda: machine)
    monkeypatch.setattr(cdi, "common_edits", lambda _version: common)


@pytest.mark.parametrize(
    ("value", "nodes"),
    [
        (None, ()),
        ("", ()),
        ("void", ()),
        ("none", (_CTL,)),
        ("0", ("/dev/nvidia3", _CTL)),
        ("GPU-aaaa", ("/dev/nvidia3", _CTL)),
        ("1:0", ("/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap12", "/dev/nvidia-caps/nvidia-cap13", _CTL)),
        ("0,MIG-dddd", ("/dev/nvidia3", "/dev/nvidia1", "/dev/nvidia-caps/nvidia-cap21",
                        "/dev/nvidia-caps/nvidia-cap22", _CTL)),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("on_machine")
def test_visible_devices(value: str | None, nodes: tuple[str, ...]) -> None:
    config = _config() if value is None else _config(f"NVIDIA_VISIBLE_DEVICES={value}")
    assert runtime.modified(config, settings.Settings(), "1.20.1")[1].nodes == nodes


@pytest.mark.usefixtures("on_machine")
def test_of_two_values_the_last_counts() -> None:
    config = _config("NVIDIA_VISIBLE_DEVICES=all", "NVIDIA_VISIBLE_DEVICES=void")
    assert runtime.modified(config, settings.Settings(), "1.20.1")[1] == cdi.Edits()


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("auto", "failed to get device handle from index: ERROR_INVALID_ARGUMENT"),
        ("cdi", "unresolvable CDI devices nvidia.com/gpu=42"),
    ],
)
@pytest.mark.usefixtures("on_machine")
def test_an_unknown_device_is_an_error_in_the_words_of_the_mode(mode: str, words: str) -> None:
    config = _config("NVIDIA_VISIBLE_DEVICES=42")
    with pytest.raises(runtime.RuntimeFailure, match=words):
        runtime.modified(config, settings.Settings(mode=mode, spec_dirs=()), "1.20.1")


@pytest.mark.usefixtures("on_machine")
def test_the_hook_refuses_an_unknown_device_too() -> None:
    with pytest.raises(runtime.RuntimeFailure, match="device error: 42: unknown device"):
        runtime.legacy_edits(_config("NVIDIA_VISIBLE_DEVICES=42"), settings.Settings())


def test_without_a_driver_a_request_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Machine:
        raise inventory.NvmlError("Driver Not Loaded")

    monkeypatch.setattr(inventory, "read", refuse)
    asking, standard = _config("NVIDIA_VISIBLE_DEVICES=all"), settings.Settings()
    with pytest.raises(runtime.RuntimeFailure, match="failed to initialize NVML: Driver Not Loaded"):
        runtime.modified(asking, standard, "1.20.1")
    with pytest.raises(runtime.RuntimeFailure, match="initialization error: nvml error: driver not loaded"):
        runtime.legacy_edits(asking, standard)
    assert runtime.modified(_config(), standard, "1.20.1")[1] == cdi.Edits()


@pytest.mark.parametrize(("version", "mode"), [("1.17.8", "auto"), ("1.20.1", "legacy")])
def test_in_legacy_mode_the_hook_does_the_work(version: str, mode: str) -> None:
    config = _config("NVIDIA_VISIBLE_DEVICES=all", hooks={"prestart": [{"path": "/bin/other"}]})
    changed, edits = runtime.modified(config, settings.Settings(mode=mode), version)
    assert edits == cdi.Edits()
    assert [hook["path"] for hook in changed["hooks"]["prestart"]] == [
        "/usr/bin/nvidia-container-runtime-hook",
        "/bin/other",
    ]


@pytest.mark.usefixtures("on_machine")
def test_unprivileged_containers_may_be_denied() -> None:
    strict = settings.Settings(unprivileged_may_ask=False)
    asked = _config("NVIDIA_VISIBLE_DEVICES=all")
    assert runtime.modified(asked, strict, "1.20.1")[1] == cdi.Edits()
    asked["process"]["capabilities"] = {"bounding": ["CAP_SYS_ADMIN"]}
    assert runtime.modified(asked, strict, "1.20.1")[1].nodes


@pytest.mark.usefixtures("on_machine")
def test_the_hook_of_the_engine_is_taken_out() -> None:
    hook = {
        "path": "/usr/bin/nvidia-container-runtime-hook",
        "args": ["nvidia-container-runtime-hook", "prestart"],
    }
    other = {"path": "/usr/bin/other"}
    config = _config("NVIDIA_VISIBLE_DEVICES=all", hooks={"prestart": [hook, other]})
    assert runtime.modified(config, settings.Settings(), "1.20.1")[0]["hooks"] == {"prestart": [other]}


def test_edits_reach_devices_cgroup_mounts_and_environment() -> None:
    config = _config(
        "NVIDIA_VISIBLE_DEVICES=all",
        linux={"resources": {"devices": [{"allow": False, "access": "rwm"}], "memory": {}}},
        mounts=[{"destination": "/proc"}],
    )
    edits = cdi.Edits(nodes=("/dev/nvidia3",), mounts=(("/a", "/b"),), env=("NVIDIA_VISIBLE_DEVICES=void",))
    changed = oci.with_edits(config, edits, [oci.Node("/dev/nvidia3", 195, 3)])
    assert changed["linux"]["devices"][0]["minor"] == 3
    assert changed["linux"]["resources"]["devices"] == [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 195, "minor": 3, "access": "rwm"},
    ]
    assert changed["linux"]["resources"]["memory"] == {}
    assert [mount["destination"] for mount in changed["mounts"]] == ["/proc", "/b"]
    assert changed["process"]["env"] == ["PATH=/bin", "NVIDIA_VISIBLE_DEVICES=void"]


def test_full_names_come_from_specification_files() -> None:
    registry = cdi.Registry(devices={"nvidia.com/gpu=5": cdi.Edits(nodes=("/dev/nvidia5",))})
    request = requests.parse(["NVIDIA_VISIBLE_DEVICES=nvidia.com/gpu=5"])
    assert request.qualified
    assert requests.resolve_qualified(request, registry).nodes == ("/dev/nvidia5",)
