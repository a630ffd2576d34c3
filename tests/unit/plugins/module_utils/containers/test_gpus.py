"""What a container was given, as the Docker engine describes it."""

from typing import Any

import pytest

from provision.plugins.module_utils.containers.engine import parse_container
from provision.plugins.module_utils.containers.gpus import asked_for, has_gpu

CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "plain": ({}, False),
    "gpus all": ({"DeviceRequests": [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]}, True),
    "gpus by driver": ({"DeviceRequests": [{"Driver": "nvidia", "Capabilities": []}]}, True),
    "cdi": ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=0"]}]}, True),
    "by capability": ({"DeviceRequests": [{"Capabilities": [["nvidia"]]}]}, True),
    "cdi without a driver's name": ({"DeviceRequests": [{"DeviceIDs": ["nvidia.com/gpu=0"]}]}, True),
    "cdi of others": ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["intel.com/gpu=0"]}]}, False),
    "device node": ({"Devices": [{"PathOnHost": "/dev/nvidia0"}]}, True),
    "other device": ({"Devices": [{"PathOnHost": "/dev/fuse"}]}, False),
    "nulls": ({"DeviceRequests": None, "Devices": None}, False),
}


@pytest.mark.parametrize(("host", "wanted"), CASES.values(), ids=CASES.keys())
def test_gpu_by_request(host: dict[str, Any], wanted: bool) -> None:
    details = {"Name": "/train", "Config": {"Image": "cuda:base", "Env": None}, "HostConfig": host}
    assert has_gpu(details) is wanted


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
    assert has_gpu(details) is wanted


def test_a_container_that_tells_nothing_has_no_gpu() -> None:
    assert not has_gpu({})


@pytest.mark.parametrize("host", [given for given, _ in CASES.values()], ids=CASES.keys())
def test_a_restart_of_docker_and_a_change_of_driver_see_the_same_containers(host: dict[str, Any]) -> None:
    details = {"Name": "/train", "HostConfig": host}
    assert parse_container(details).gpu is has_gpu(details) is bool(asked_for(details))


@pytest.mark.parametrize(
    ("host_config", "words"),
    [
        ({"DeviceRequests": [{"Driver": "", "Count": -1, "Capabilities": [["gpu"]]}]}, {"all"}),
        ({"DeviceRequests": [{"DeviceIDs": ["0:1"], "Capabilities": [["gpu"]]}]}, {"0:1"}),
        ({"DeviceRequests": [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=MIG-a"]}]}, {"MIG-a"}),
        ({"Devices": [{"PathOnHost": "/dev/nvidia1"}]}, {"nvidia1"}),
        ({}, set()),
    ],
)
def test_what_a_container_asked_for(host_config: dict[str, Any], words: set[str]) -> None:
    assert asked_for({"HostConfig": host_config, "Config": {}}) == words
