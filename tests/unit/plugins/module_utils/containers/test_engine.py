"""Containers as the Docker engine describes them."""

from typing import Any

import pytest

from provision.plugins.module_utils.containers.engine import Container, describe, parse_container

CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, False),
    "gpus all": ({"DeviceRequests": [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]}, True),
    "gpus by driver": ({"DeviceRequests": [{"Driver": "nvidia", "Capabilities": []}]}, True),
    "cdi": ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=0"]}]}, True),
    "cdi of others": ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["intel.com/gpu=0"]}]}, False),
    "device node": ({"Devices": [{"PathOnHost": "/dev/nvidia0"}]}, True),
    "other device": ({"Devices": [{"PathOnHost": "/dev/fuse"}]}, False),
    "nulls": ({"DeviceRequests": None, "Devices": None}, False),
}


@pytest.mark.parametrize(("host", "wanted"), CASES.values(), ids=CASES.keys())
def test_gpu_by_request(host: dict[str, Any], wanted: bool) -> None:
    details = {"Name": "/train", "Config": {"Image": "cuda:base", "Env": None}, "HostConfig": host}
    assert parse_container(details) == Container("train", "cuda:base", wanted)


@pytest.mark.parametrize(
    ("runtime", "visible", "wanted"),
    [
        ("nvidia", "all", True),
        ("nvidia", "0,1", True),
        ("nvidia", "none", False),
        ("nvidia", "void", False),
        ("nvidia", None, False),
        ("runc", "all", False),
    ],
)
def test_gpu_by_variable(runtime: str, visible: str | None, wanted: bool) -> None:
    environment = ["PATH=/bin", *([f"NVIDIA_VISIBLE_DEVICES={visible}"] if visible else [])]
    details = {"Name": "/x", "Config": {"Image": "i", "Env": environment}, "HostConfig": {"Runtime": runtime}}
    assert parse_container(details).gpu is wanted


def test_describe_marks_gpus() -> None:
    assert describe([Container("train", "i", True), Container("web", "i", False)]) == "`train` (GPU), `web`"
