"""What a machine must have to carry a lab."""

import pytest

from provision.errors import RunError
from provision.lab import machine


@pytest.mark.parametrize(
    ("bounding", "missing"),
    [
        ("000001ffffffffff", ()),
        ("000001fffeffffff", ("SYS_RESOURCE",)),
        ("000001fff7dfffff", ("SYS_ADMIN", "MKNOD")),
        ("0000003fffffffff", ("BPF", "CHECKPOINT_RESTORE", "PERFMON")),
    ],
)
def test_capabilities_outside_the_bounding_set_are_missing(bounding: str, missing: tuple[str, ...]) -> None:
    status = f"Name:\tpython\nCapPrm:\t0000000000000000\nCapBnd:\t{bounding}\nCapAmb:\t0000000000000000\n"
    assert sorted(machine.missing_capabilities(status)) == sorted(missing)


@pytest.mark.parametrize(
    ("absent", "packages"),
    [
        ((), ()),
        (("docker", "dockerd"), ("docker.io",)),
        (("docker",), ("docker-cli",)),
        (("ssh-keygen", "gcc", "/usr/include/stdio.h"), ("gcc", "libc6-dev", "openssh-client")),
    ],
)
def test_what_is_missing_is_named_by_package(absent: tuple[str, ...], packages: tuple[str, ...]) -> None:
    missing = machine.missing_packages(
        which=lambda program: program not in absent or None, exists=lambda path: path not in absent
    )
    assert missing == packages


@pytest.mark.parametrize(
    ("missing", "packages", "message", "hint"),
    [
        (("SYS_ADMIN", "SYS_RESOURCE"), (), "does not grant CAP_SYS_ADMIN", "virtual machine"),
        (
            (),
            ("gcc", "gnupg"),
            "not installed: gcc, gnupg",
            "apt-get install --no-install-recommends gcc gnupg",
        ),
    ],
)
def test_a_machine_that_cannot_carry_a_lab_is_told_what_to_do(
    missing: tuple[str, ...], packages: tuple[str, ...], message: str, hint: str
) -> None:
    with pytest.raises(RunError) as refused:
        machine.check(missing=missing, packages=packages)
    assert message in refused.value.message
    assert hint in str(refused.value.hint)


def test_only_an_old_engine_is_told_what_the_machine_lacks() -> None:
    assert machine.capabilities_to_drop(("SYS_RESOURCE", "BPF"), 20) == ("SYS_RESOURCE",)
    assert machine.capabilities_to_drop(("SYS_RESOURCE", "BPF"), 26) == ()


def test_a_capability_that_nothing_depends_on_may_be_missing() -> None:
    machine.check(missing=("SYS_RESOURCE",), packages=())


def test_only_root_carries_a_lab() -> None:
    machine.require_root(0)
    with pytest.raises(RunError, match="needs root"):
        machine.require_root(1000)
