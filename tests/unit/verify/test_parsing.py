"""What is read out of tools, in the forms in which they really write it."""

import pytest

from provision.verify import parsing

A100 = "GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77"
OTHER = "GPU-7a1c2e9b-0c51-4f0f-9b1d-6f2a4c8d1e02"
PARTITIONED = f"""\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: {A100})
  MIG 3g.20gb     Device  0: (UUID: MIG-5f59a2d4-0001-5000-8000-9e3d8d2b8a77)
  MIG 1g.5gb+me   Device  1: (UUID: MIG-5e58a3d5-0002-5004-8000-9e3d8d2b8a77)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: {OTHER})
"""


def test_query_is_read_and_its_error_messages_are_not() -> None:
    text = (
        f"{A100}, 00000000:07:00.0, Enabled, Disabled, 550.163.01\n"
        f"{OTHER}, 00000000:0F:00.0, Disabled, [N/A], 550.163.01\n"
        "Unable to determine the device handle for GPU1: GPU is lost.  Reboot, please, now, yes, so\n"
    )
    first, second = parsing.parse_query(text)
    assert first == parsing.QueriedGpu(A100, "0000:07:00.0", persistence=True, mig=False, driver="550.163.01")
    assert second.bus == "0000:0f:00.0"
    assert not second.persistence


def test_list_knows_which_mig_devices_belong_to_which_gpu() -> None:
    listing = parsing.parse_list(PARTITIONED)
    assert [len(devices) for devices in listing.values()] == [2, 0]
    assert parsing.usable(listing, [A100]) == (*listing[A100], OTHER)
    assert (
        parsing.usable(listing, [A100, OTHER]) == listing[A100]
    )  # MIG mode without a device: nothing to use


@pytest.mark.parametrize(
    "text",
    [
        "No devices found.\n",
        "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n",
        "Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.163\n",
        "",
    ],
)
def test_messages_are_no_gpus(text: str) -> None:
    assert parsing.parse_list(text) == {}
    assert parsing.parse_query(text) == ()


@pytest.mark.parametrize(
    ("package", "held", "is_held"),
    [
        ("nvidia-driver-cuda", "nvidia-driver-cuda\n", True),
        ("libnvidia-ml1", "libnvidia-ml1:amd64\n", True),
        ("nvidia-driver", "nvidia-driver-cuda\n", False),
        ("nvidia-driver-cuda", "nvidia-driver-cuda-3:595.71.05-1.el9.*\n", True),
        ("nvidia-driver", "nvidia-driver-cuda-3:595.71.05-1.el9.*\n", False),
        (
            "nvidia-driver",
            "# Added by 'versionlock add' command\nPackage name: nvidia-driver\nevr = 3:595\n",
            True,
        ),
        ("nvidia-driver", "", False),
    ],
)
def test_holds_of_every_package_manager(package: str, held: str, is_held: bool) -> None:
    assert parsing.is_held(package, held) is is_held


@pytest.mark.parametrize(
    ("version", "upstream"),
    [
        ("580.95.05-1", "580.95.05"),
        ("3:580.95.05-1.el9", "580.95.05"),
        ("595.71.05-0ubuntu1", "595.71.05"),
        ("1.20.1-1", "1.20.1"),
    ],
)
def test_upstream_versions(version: str, upstream: str) -> None:
    assert parsing.upstream(version) == upstream


def test_fabric_of_every_gpu() -> None:
    text = """
GPU 00000000:1B:00.0
    Fabric
        State                             : Completed
        Status                            : Success
        CliqueId                          : 0
    FB Memory Usage
GPU 00000000:43:00.0
    Fabric
        State                             : In Progress
        Status                            : N/A
"""
    assert parsing.parse_fabric(text) == (("Completed", "Success"), ("In Progress", "N/A"))


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.95.05", "580.95.05"),
        ("/usr/lib/x86_64-linux-gnu/nvidia/current/libnvidia-ml.so.535.261.03\n", "535.261.03"),
        ("/usr/lib/libnvidia-ml.so.1", None),
        ("", None),
    ],
)
def test_library_version(path: str, version: str | None) -> None:
    assert parsing.library_version(path) == version


def test_cdi_files_of_others_are_left_alone() -> None:
    specs = parsing.parse_cdi(
        {
            "/etc/cdi/vendor.yaml": "cdiVersion: 0.5.0\nkind: vendor.com/nic\ndevices: [{name: '0'}]\n",
            "/etc/cdi/README": "not a specification",
            "/etc/cdi/nvidia.json": '{"kind": "nvidia.com/gpu", "devices": [{"name": "all"}]}',
        }
    )
    assert specs.devices == {"all": "/etc/cdi/nvidia.json"}
    assert specs.broken == ()


@pytest.mark.parametrize("text", ["", "null", "[]", "Cannot connect to the Docker daemon"])
def test_what_is_no_docker_info_is_empty(text: str) -> None:
    assert parsing.parse_info(text) == {}
