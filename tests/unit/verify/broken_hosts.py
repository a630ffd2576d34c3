"""Hosts that are healthy, and hosts that are each broken in one way, with the check that must say so."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.unit.verify.fake_host import (
    DRIVER,
    DRIVER_PACKAGES,
    GPUS,
    IMAGE,
    LISTING,
    TOOLKIT,
    FakeHost,
)

FIRST, SECOND = GPUS.values()
ONE = LISTING.splitlines(keepends=True)[0]
STRANGER = LISTING.replace(SECOND, "GPU-99999999-9999-9999-9999-999999999999")
MIG = [f"MIG-{n}aaaaaaa-aaaa-5aaa-8aaa-aaaaaaaaaaaa" for n in range(3)]
MIG_LISTING = (
    ONE
    + "".join(f"  MIG 2g.20gb     Device  {n}: (UUID: {uuid})\n" for n, uuid in enumerate(MIG[:2]))
    + LISTING.splitlines(keepends=True)[1]
    + f"  MIG 7g.80gb     Device  0: (UUID: {MIG[2]})\n"
)
NO_DRIVER = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\n"
MISMATCH = "Failed to initialize NVML: Driver/library version mismatch\n"
LOST = ONE + "Unable to determine the device handle for gpu 1: GPU is lost.  Reboot the system\n"


@dataclass(frozen=True)
class Broken:
    """How a host is broken, the check that must say so, and words of its detail and of its evidence."""

    breaks: Callable[[FakeHost], object]
    id: str
    detail: str
    evidence: str = ""
    also: frozenset[str] = frozenset()
    """Other checks that fail for the same reason."""


def no_driver(host: FakeHost) -> None:
    host.delete("/sys/module/nvidia/version")
    host.write("/sys/module/nouveau/refcnt", "0\n")
    host.smi(NO_DRIVER, code=9, gpus={})


def mig(host: FakeHost) -> None:
    host.smi(MIG_LISTING, mig="Enabled")
    host.cdi("/var/run/cdi/nvidia.yaml", DRIVER, ["0:0", "0:1", "1:0", *MIG, "all"])
    host.container(MIG_LISTING)
    host.container_cdi(MIG_LISTING)
    host.container_mig(MIG[2], ONE.replace(FIRST, SECOND) + MIG_LISTING.splitlines(keepends=True)[-1])
    mig_record(host, SECOND)
    host.unit("provision-mig", "active", "enabled")
    mig_marker(host)


def mig_record(host: FakeHost, second: str, profile: str = "7g.80gb") -> None:
    half = {"profile": "2g.20gb", "compute": [2], "start": 0, "size": 2}
    gpus = {
        FIRST: {"pci": "0000:1b:00.0", "enabled": True, "instances": [half, half]},
        second: {"pci": "0000:43:00.0", "enabled": True, "instances": [{"profile": profile, "compute": [7]}]},
    }
    host.write("/etc/provision/mig.json", json.dumps({"schema": 1, "gpus": gpus}))


def mig_marker(host: FakeHost, boot: str = "b1", *troubles: str) -> None:
    host.write("/proc/sys/kernel/random/boot_id", "b1\n")
    host.write("/run/provision/mig.json", json.dumps({"boot": boot, "troubles": troubles}))


def on_mig(*breaks: Callable[[FakeHost], object]) -> Callable[[FakeHost], None]:
    def make(host: FakeHost) -> None:
        mig(host)
        for each in breaks:
            each(host)

    return make


def mig_hidden(host: FakeHost) -> None:
    mig(host)
    host.container(MIG_LISTING.replace(MIG_LISTING.splitlines(keepends=True)[1], ""))


def two_specs(host: FakeHost) -> None:
    host.cdi("/etc/cdi/a.yaml", DRIVER, ["0"])
    host.cdi("/etc/cdi/b.yaml", DRIVER, ["0"])


def no_image(host: FakeHost) -> None:
    host.answer("docker", f"image inspect --format {{{{.Id}}}} {IMAGE}", "No such image\n", 1)
    host.answer("docker", f"pull --quiet {IMAGE}", "dial tcp: no route to host\n", 1)


def pulled(host: FakeHost) -> None:
    no_image(host)
    host.answer("docker", f"pull --quiet {IMAGE}", "sha256:1\n")


def docker_down(host: FakeHost) -> None:
    host.unit("docker", "failed", "enabled")
    said = "Cannot connect to the Docker daemon\n"
    for arguments in ("info --format {{json .}}", "version --format {{.Server.Version}}"):
        host.answer("docker", arguments, said, 1)


EVERY_PACKAGE = dict.fromkeys(DRIVER_PACKAGES, f"{DRIVER}-1") | dict.fromkeys(TOOLKIT, "1.18.0-1")
NEEDS_DRIVER = frozenset(
    {"driver_matches_library", "driver_held", "gpus_visible", "persistence", "fabric_manager"}
    | {"cdi_spec_current", "container_sees_gpus"}
)
NEEDS_DOCKER = frozenset({"default_runtime", "container_sees_gpus", "container_without_request_sees_none"})
BOTH_CONTAINERS = frozenset({"container_without_request_sees_none"})

BROKEN: Mapping[str, Broken] = {
    "driver-not-loaded": Broken(
        no_driver, "driver_loaded", "is not loaded on kernel", "NVRM: loading", also=NEEDS_DRIVER
    ),
    "library-newer": Broken(
        lambda host: host.library("580.105.08"),
        "driver_matches_library",
        f"loaded module {DRIVER}, library 580.105.08",
        "NVRM version",
    ),
    "module-on-disk-newer": Broken(
        lambda host: host.answer("modinfo", "-F version nvidia", "580.105.08\n"),
        "driver_matches_library",
        "module on disk 580.105.08",
    ),
    "library-missing": Broken(
        lambda host: host.answer("ldconfig", "-p", ""),
        "driver_matches_library",
        "library missing",
        "no libnvidia-ml.so.1",
    ),
    "mismatch-seen-by-nvidia-smi": Broken(
        lambda host: host.smi(MISMATCH, code=18, gpus={}),
        "driver_matches_library",
        "version mismatch",
        "rc 18",
        also=frozenset({"gpus_visible", "persistence", "cdi_spec_current", "container_sees_gpus"}),
    ),
    "driver-not-held": Broken(
        lambda host: host.held(*TOOLKIT, *DRIVER_PACKAGES[1:]),
        "driver_held",
        "not held: nvidia-driver-cuda",
        "showhold",
    ),
    "driver-without-packages": Broken(
        lambda host: host.packages(dict.fromkeys(TOOLKIT, "1.18.0-1")),
        "driver_held",
        f"no package of driver {DRIVER}",
        also=frozenset({"fabric_manager"}),
    ),
    "gpu-missing-though-rc-is-0": Broken(
        lambda host: host.smi(ONE, gpus=dict(list(GPUS.items())[:1])),
        "gpus_visible",
        "1 of 2, missing 0000:43:00.0",
        "nvidia-smi",
        also=frozenset({"cdi_spec_current", "container_sees_gpus"}),
    ),
    "gpu-lost": Broken(
        lambda host: host.smi(LOST, code=15),
        "gpus_visible",
        "2 of 2, ",
        "GPU is lost",
        also=frozenset({"cdi_spec_current", "container_sees_gpus"}),
    ),
    "persistence-daemon-stopped": Broken(
        lambda host: host.unit("nvidia-persistenced", "inactive", "enabled"),
        "persistence",
        "is inactive, at boot enabled",
        "journal of nvidia-persistenced",
    ),
    "persistence-not-at-boot": Broken(
        lambda host: host.unit("nvidia-persistenced", "active", "disabled"), "persistence", "at boot disabled"
    ),
    "persistence-mode-off": Broken(
        lambda host: host.smi(persistence="Disabled"),
        "persistence",
        "no persistence mode on 0000:1b:00.0, 0000:43:00.0",
    ),
    "fabric-manager-failed": Broken(
        lambda host: host.unit("nvidia-fabricmanager", "failed", "enabled"),
        "fabric_manager",
        "is failed",
        "journal of nvidia-fabricmanager",
    ),
    "fabric-manager-of-another-version": Broken(
        lambda host: host.packages({**EVERY_PACKAGE, "nvidia-fabricmanager": "580.65.06-1"}),
        "fabric_manager",
        f"580.65.06 with driver {DRIVER}",
    ),
    "fabric-in-progress": Broken(
        lambda host: host.answer(
            "nvidia-smi", "-q", "    Fabric\n        State : In Progress\n        Status : N/A\n"
        ),
        "fabric_manager",
        "In Progress",
    ),
    "docker-down": Broken(
        docker_down, "docker_running", "docker.service is failed", "journal of docker", also=NEEDS_DOCKER
    ),
    "docker-not-at-boot": Broken(
        lambda host: host.unit("docker", "active", "disabled"), "docker_running", "at boot disabled"
    ),
    "runtime-unknown": Broken(
        lambda host: host.docker(default="runc", runtimes=("runc",)),
        "default_runtime",
        "no runtime nvidia: runc",
        '"default-runtime": "nvidia"',
    ),
    "runtime-not-default": Broken(
        lambda host: host.docker(default="runc"), "default_runtime", "the default runtime is runc"
    ),
    "toolkit-not-held": Broken(
        lambda host: host.held(*DRIVER_PACKAGES, *TOOLKIT[:3]),
        "toolkit_held",
        "not held: libnvidia-container1",
        "showhold",
    ),
    "toolkit-of-two-versions": Broken(
        lambda host: host.packages({**EVERY_PACKAGE, TOOLKIT[1]: "1.17.9-1"}),
        "toolkit_held",
        "of several versions: 1.17.9-1, 1.18.0-1",
    ),
    "toolkit-incomplete": Broken(
        lambda host: host.packages({k: v for k, v in EVERY_PACKAGE.items() if k != TOOLKIT[2]}),
        "toolkit_held",
        "not installed: libnvidia-container-tools",
    ),
    "cdi-missing": Broken(
        lambda host: host.delete("/var/run/cdi/nvidia.yaml"),
        "cdi_spec_current",
        "no CDI specification",
        "cdi list",
    ),
    "cdi-of-an-older-driver": Broken(
        lambda host: host.cdi("/var/run/cdi/nvidia.yaml", "580.65.06", [*GPUS.values(), "all"]),
        "cdi_spec_current",
        f"written for driver 580.65.06, loaded is {DRIVER}",
        "libnvidia-ml.so.580.65.06",
    ),
    "cdi-without-a-gpu": Broken(
        lambda host: host.cdi("/var/run/cdi/nvidia.yaml", DRIVER, [FIRST, "all"]),
        "cdi_spec_current",
        f"new: {SECOND}",
    ),
    "cdi-by-index-without-a-gpu": Broken(
        lambda host: host.cdi("/var/run/cdi/nvidia.yaml", DRIVER, ["0", "all"]),
        "cdi_spec_current",
        "1 devices for 2 GPUs",
    ),
    "cdi-twice-in-a-folder": Broken(
        two_specs, "cdi_spec_current", "two files of one folder, which removes them: 0", "/etc/cdi/a.yaml"
    ),
    "cdi-unreadable": Broken(
        lambda host: host.write("/etc/cdi/nvidia.yaml", "devices: [\n"),
        "cdi_spec_current",
        "cannot be read: /etc/cdi/nvidia.yaml",
    ),
    "container-sees-too-few": Broken(
        lambda host: host.container(ONE), "container_sees_gpus", "1 of 2, default runtime", f"UUID: {SECOND}"
    ),
    "container-sees-another": Broken(
        lambda host: host.container(STRANGER), "container_sees_gpus", "not the host's: GPU-99999999"
    ),
    "container-does-not-start": Broken(
        lambda host: host.container("docker: Error response from daemon: unknown runtime\n", 125),
        "container_sees_gpus",
        "0 of 2, default runtime: docker: Error response",
        "rc 125",
    ),
    "container-through-cdi-sees-too-few": Broken(
        lambda host: host.container_cdi(ONE), "container_sees_gpus", "1 of 2, CDI"
    ),
    "mig-layout-lost": Broken(
        on_mig(lambda host: mig_record(host, SECOND, "4g.40gb")),
        "mig_layout",
        "GPU 0000:43:00.0 has 7g.80gb, not 7c.4g.40gb",
    ),
    "mig-gpu-gone": Broken(
        on_mig(lambda host: mig_record(host, "GPU-9")), "mig_layout", "(GPU-9) is not there"
    ),
    "mig-unit-disabled": Broken(
        on_mig(lambda host: host.unit("provision-mig", "active", "disabled")),
        "mig_survives_reboot",
        "provision-mig.service is active, at boot disabled",
        "journal of provision-mig",
    ),
    "mig-not-restored": Broken(
        on_mig(lambda host: mig_marker(host, "b0")), "mig_survives_reboot", "not restored in this boot"
    ),
    "mig-restored-badly": Broken(
        on_mig(lambda host: mig_marker(host, "b1", "GPU x is gone")),
        "mig_survives_reboot",
        "not restored: GPU x is gone",
    ),
    "container-sees-another-instance": Broken(
        on_mig(lambda host: host.container_mig(MIG[2], MIG_LISTING)),
        "container_sees_mig_instance",
        f"given {MIG[2]}: sees {MIG[0]}",
    ),
    "container-misses-a-mig-device": Broken(
        mig_hidden, "container_sees_gpus", "2 of 3 MIG devices, default runtime"
    ),
    "image-cannot-be-pulled": Broken(
        no_image,
        "container_sees_gpus",
        f"cannot pull `{IMAGE}`: dial tcp: no route to host; set `nvidia_container_toolkit_test_image`",
        "docker pull",
        also=BOTH_CONTAINERS,
    ),
    "container-sees-what-it-did-not-ask-for": Broken(
        lambda host: host.container_void("started\n/dev/nvidia0\n" + LISTING, 0),
        "container_without_request_sees_none",
        "sees /dev/nvidia0",
        "NVIDIA_VISIBLE_DEVICES=void",
    ),
    "container-without-request-does-not-start": Broken(
        lambda host: host.container_void("docker: no space left on device\n", 125),
        "container_without_request_sees_none",
        "did not start: docker: no space left",
    ),
    "user-not-in-group": Broken(
        lambda host: host.user("alice", "alice", 1),
        "unprivileged_user_in_docker_group",
        "alice is not in group docker",
        "$ id -nG alice",
    ),
    "user-in-group-but-refused": Broken(
        lambda host: host.user("alice", "alice docker", 1),
        "unprivileged_user_in_docker_group",
        "alice cannot reach Docker: permission denied",
    ),
}
HEALTHY: Mapping[str, Callable[[FakeHost], object]] = {
    "healthy": lambda _: None,
    "healthy-mig": mig,
    "healthy-cdi-by-index": lambda host: host.cdi("/var/run/cdi/nvidia.yaml", DRIVER, ["0", "1", "all"]),
    "healthy-image-pulled-first": pulled,
    "healthy-stale-cdi-hidden-by-a-new-one": lambda host: host.cdi(
        "/etc/cdi/nvidia.yaml", "535.1.1", ["0", "1", *GPUS.values(), "all"]
    ),
}
