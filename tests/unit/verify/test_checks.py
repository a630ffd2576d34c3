"""Every check passes on a healthy host and fails, with evidence, on one that has what it looks for.

All hosts are folders; one run of the real runner, in its own process, checks them all.
"""

from pathlib import Path

import pytest

from provision.errors import ConnectError
from provision.verify.report import Check
from provision.verify.wanted import CDI, DEFAULT_RUNTIME, IMAGE, LAYOUT, USERS, Wanted
from tests.unit.verify.asked import checked
from tests.unit.verify.broken_hosts import BROKEN, HEALTHY
from tests.unit.verify.fake_host import DRIVER, FakeHost

NO_GPU, UNREACHABLE = "no-gpu", "unreachable"
MIG_IDS = ["mig_layout", "mig_survives_reboot", "container_sees_mig_instance"]
IDS = [
    "driver_loaded",
    "driver_matches_library",
    "driver_held",
    "gpus_visible",
    "persistence",
    "fabric_manager",
    "docker_running",
    "default_runtime",
    "toolkit_held",
    "cdi_spec_current",
    "unprivileged_user_in_docker_group",
    "container_sees_gpus",
    "container_without_request_sees_none",
    *MIG_IDS,
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Check]]:
    """All hosts, checked: every check by its id, by host."""
    hosts: dict[str, Path | ConnectError] = {}
    for name, breaks in {**HEALTHY, **{name: case.breaks for name, case in BROKEN.items()}}.items():
        host = FakeHost(tmp_path_factory.mktemp("host"))
        breaks(host)
        host.finish()
        hosts[name] = host.root
    hosts[NO_GPU] = tmp_path_factory.mktemp("host")
    hosts[UNREACHABLE] = ConnectError("cannot connect: Connection refused", hint="is sshd running there?")
    results: dict[str, dict[str, Check]] = {name: {} for name in hosts}
    for each in checked(hosts):
        results[each.host][each.id] = each
    return results


DECIDES = {
    IMAGE: ("container_sees_gpus", "container_without_request_sees_none"),
    DEFAULT_RUNTIME: ("default_runtime",),
    CDI: ("cdi_spec_current",),
    USERS: ("unprivileged_user_in_docker_group",),
    LAYOUT: ("mig_layout", "mig_survives_reboot"),
}
"""The checks that cannot be done without the value of a variable."""


@pytest.mark.parametrize("name", HEALTHY)
def test_every_check_passes_on_a_healthy_host(found: dict[str, dict[str, Check]], name: str) -> None:
    assert sorted(found[name]) == sorted(IDS)
    idle = {each.id: each.detail for each in found[name].values() if each.outcome != "passed"}
    without = {"mig_layout": "no MIG layout", "mig_survives_reboot": "no MIG layout"}
    without["container_sees_mig_instance"] = "no MIG device"
    assert idle == ({} if name == "healthy-mig" else without)


def test_what_only_the_run_knows_fails_no_check(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    host.finish()
    found = checked({"hidden": tmp_path}, Wanted(default_runtime=False, hidden=tuple(DECIDES)))
    told = "is known only in the run; written out in the inventory it is checked"
    expected = {check: f"`{variable}` {told}" for variable, checks in DECIDES.items() for check in checks}
    expected["container_sees_mig_instance"] = "no MIG device"
    assert {each.id: each.detail for each in found if each.outcome == "skipped"} == expected
    assert {each.outcome for each in found} == {"passed", "skipped"}


@pytest.mark.parametrize("name", BROKEN)
def test_a_check_fails_with_its_evidence(found: dict[str, dict[str, Check]], name: str) -> None:
    case = BROKEN[name]
    failed = found[name][case.id]
    assert failed.outcome == "failed"
    assert case.detail in failed.detail
    assert case.evidence in failed.evidence
    others = {each.id for each in found[name].values() if each.outcome == "failed"} - {case.id}
    assert others == case.also


def test_every_check_is_shown_able_to_fail() -> None:
    assert {case.id for case in BROKEN.values()} == set(IDS)


def test_details_say_what_was_found(found: dict[str, dict[str, Check]]) -> None:
    assert found["healthy"]["container_sees_gpus"].detail == "2 of 2"
    assert found["healthy-mig"]["container_sees_gpus"].detail == "3 of 3 MIG devices"
    assert found["healthy-mig"]["mig_layout"].detail == "2x 2g.20gb; 7g.80gb"
    assert found["healthy"]["gpus_visible"].detail == "2 of 2"
    assert found["healthy"]["driver_loaded"].detail == DRIVER


def test_a_host_without_gpu_has_nothing_to_check(found: dict[str, dict[str, Check]]) -> None:
    assert list(found[NO_GPU]) == IDS
    assert {(each.outcome, each.detail) for each in found[NO_GPU].values()} == {("skipped", "no NVIDIA GPU")}


def test_a_host_that_cannot_be_reached_is_one_failed_check(found: dict[str, dict[str, Check]]) -> None:
    assert list(found[UNREACHABLE]) == ["reachable"]
    told = found[UNREACHABLE]["reachable"]
    assert told.outcome == "failed"
    assert told.detail == "cannot connect: Connection refused"
    assert told.evidence == "hint: is sshd running there?"
