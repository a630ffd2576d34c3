"""From inventory, receipts and measurements to a plan."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from provision.model.fleet import Fleet
from provision.model.observed import Driver, Gpu, HostProbe, Observed, ReceiptState, Workload
from provision.model.plan import Disruption, Plan, RolePlan, State
from provision.plan import Source, build
from provision.plan.disruption import disruptions, hit
from provision.plugins.module_utils.receipts.inputs import record
from provision.plugins.module_utils.receipts.reasons import Kind, Reason
from tests.unit.hosts import asked, host

ROLES = ("nvidia_driver", "docker_engine")
SOURCES = {
    "nvidia_driver": Source("d1", {"nvidia_driver_version": False}),
    "docker_engine": Source("e1", {"docker_engine_options": False}),
}
CONTAINER, PROCESS = Workload("container", "train"), Workload("process", "python3 (pid 7)")
NOUVEAU = Reason(Kind.NOUVEAU_ABSENT, "nouveau", "nouveau is loaded")
OBSERVED = Observed(
    os="Debian 13",
    distribution="debian",
    major="13",
    kernel="6.12",
    architecture="x86_64",
    python="3.13.5",
    gpus=(Gpu("0000:18:00.0", "10de:2330"),),
)


def texts(role: RolePlan) -> tuple[str, ...]:
    return tuple(reason.text for reason in role.reasons)


def receipt(role: str, *differences: Reason, **variables: object) -> ReceiptState:
    source = SOURCES[role]
    return ReceiptState(record("salt", source.content, source.variables, variables), differences)


def plan(observed: Observed | None, full: bool = False, **variables: object) -> Plan:
    fleet = Fleet(Path("i"), None, (host("h", variables),))
    probe = HostProbe("h", observed is not None, None if observed else "no route", None, observed)
    return build(fleet, {"h": probe}, SOURCES, full)


def role(
    observed: Observed, name: str = "nvidia_driver", full: bool = False, **variables: object
) -> RolePlan:
    return plan(observed, full, **variables).hosts["h"].roles[name]


def test_a_bare_host_needs_every_role_in_order() -> None:
    found = plan(OBSERVED)
    assert found.selection == {"h": list(ROLES)}
    assert found.hosts["h"].roles["nvidia_driver"] == RolePlan(
        State.ABSENT, (Reason(Kind.NEVER_APPLIED, "nvidia_driver", "not applied yet"),)
    )


def test_a_converged_host_needs_nothing() -> None:
    receipts = {name: receipt(name) for name in ROLES}
    found = plan(replace(OBSERVED, receipts=receipts))
    assert found.selection == {}
    assert set(found.hosts["h"].roles.values()) == {RolePlan(State.CONVERGED)}


def test_a_changed_variable_names_itself_and_reaches_only_its_role() -> None:
    receipts = {
        "nvidia_driver": receipt("nvidia_driver", nvidia_driver_version="580.95.05"),
        "docker_engine": receipt("docker_engine"),
    }
    found = plan(replace(OBSERVED, receipts=receipts), nvidia_driver_version="595.71.05")
    assert found.selection == {"h": ["nvidia_driver"]}
    assert found.hosts["h"].roles["nvidia_driver"].state is State.INPUTS_CHANGED
    assert texts(found.hosts["h"].roles["nvidia_driver"]) == ("nvidia_driver_version 580.95.05 -> 595.71.05",)


def test_a_new_version_of_a_role_runs_it_again() -> None:
    old = ReceiptState(record("s", "d0", {}, {}))
    found = role(replace(OBSERVED, receipts={"nvidia_driver": old}))
    assert (found.state, texts(found)) == (State.INPUTS_CHANGED, ("the role itself changed",))


def test_drift_is_told_in_the_hosts_words() -> None:
    removed = Reason(Kind.PACKAGES, "nvidia-driver-cuda", "nvidia-driver-cuda removed")
    drifted = receipt("nvidia_driver", removed, NOUVEAU)
    found = role(replace(OBSERVED, receipts={"nvidia_driver": drifted}))
    assert (found.state, found.reasons) == (State.DRIFTED, (removed, NOUVEAU))


def test_drift_is_told_behind_a_change_of_the_inputs() -> None:
    drifted = receipt("nvidia_driver", NOUVEAU)
    found = role(replace(OBSERVED, receipts={"nvidia_driver": drifted}), nvidia_driver_version="580")
    assert found.state is State.INPUTS_CHANGED
    assert texts(found) == ("nvidia_driver_version set to 580", "nouveau is loaded")


def test_full_lets_no_receipt_count() -> None:
    receipts = {name: receipt(name) for name in ROLES}
    found = plan(replace(OBSERVED, receipts=receipts), full=True)
    assert found.selection == {"h": list(ROLES)}
    planned = found.hosts["h"].roles.values()
    assert {each.state for each in planned} == {State.ABSENT}
    assert {reason.kind for each in planned for reason in each.reasons} == {Kind.FULL}


def test_what_is_found_without_a_receipt_is_told() -> None:
    found = role(replace(OBSERVED, driver=Driver("535.1", "535.1")))
    assert texts(found) == ("not applied yet, or not to the end (found: driver 535.1)",)


def test_a_host_without_a_gpu_is_skipped_with_a_reason() -> None:
    found = plan(replace(OBSERVED, gpus=())).hosts["h"]
    assert (found.skipped, dict(found.roles), found.error) == ("no NVIDIA GPU on the PCI bus", {}, None)


def test_a_host_that_could_not_be_asked_has_an_error_and_no_roles() -> None:
    found = plan(None)
    assert found.hosts["h"].error == "no route"
    assert found.selection == {}
    assert [host.name for host in found.unreachable] == ["h"]


@dataclass(frozen=True)
class Refusal:
    host: str
    message: str


def test_an_unsupported_driver_is_not_run() -> None:
    fleet = Fleet(Path("i"), None, (host("h"), host("other")))
    probes = {name: HostProbe(name, True, observed=OBSERVED) for name in ("h", "other")}
    found = build(fleet, probes, SOURCES, refusals=[Refusal("h", "too old")])
    assert found.hosts["h"].roles["nvidia_driver"] == RolePlan(
        State.UNSUPPORTED, (Reason(Kind.UNSUPPORTED, "nvidia_driver", "too old"),)
    )
    assert found.selection == {"h": ["docker_engine"], "other": list(ROLES)}


IN_USE = replace(OBSERVED, driver=Driver("580.95.05", "580.95.05"), workloads=(CONTAINER, PROCESS))


@pytest.mark.parametrize(
    ("observed", "version", "reboots"),
    [
        (OBSERVED, "580", False),
        (replace(OBSERVED, nouveau_loaded=True), "580", True),
        (IN_USE, "580.95.05", False),
        (IN_USE, "580", False),
        (IN_USE, "595", True),
        (IN_USE, "580.9", True),
        (IN_USE, None, False),
        (replace(IN_USE, driver=Driver("535.1", "535.1")), None, True),  # the role's default is newer
        (IN_USE, "{{ lookup('env', 'DRIVER') }}", True),  # known only in the run: it may be any
        (IN_USE, "{{ '59' }}5", True),
        (IN_USE, "580.95", True),  # an exact version, and not the one that is loaded
        (replace(IN_USE, workloads=()), "595", False),
        (replace(IN_USE, driver=Driver("580.95.05", "595.71.05")), None, True),
        (replace(IN_USE, driver=Driver("580.95.05", None)), None, False),
    ],
)
def test_when_a_driver_may_need_a_reboot(observed: Observed, version: str | None, reboots: bool) -> None:
    variables = {} if version is None else {"nvidia_driver_version": version}
    expected = (Disruption.REBOOT,) if reboots else ()
    assert disruptions("nvidia_driver", (NOUVEAU,), asked(**variables), observed) == expected


@pytest.mark.parametrize(
    ("disruption", "expected"),
    [
        ((), ()),
        ((Disruption.DOCKER_RESTART,), (CONTAINER,)),
        ((Disruption.REBOOT,), (CONTAINER, PROCESS)),
        ((Disruption.DOCKER_RESTART, Disruption.REBOOT), (CONTAINER, PROCESS)),
    ],
)
def test_what_a_disruption_hits(disruption: tuple[Disruption, ...], expected: tuple[Workload, ...]) -> None:
    assert hit(disruption, (CONTAINER, PROCESS)) == expected


def test_a_plan_tells_disruption_and_workloads() -> None:
    found = role(IN_USE, nvidia_driver_version="595")
    assert found.disruption == (Disruption.REBOOT,)
    assert found.workloads == (CONTAINER, PROCESS)


A100 = replace(OBSERVED, gpus=(Gpu("0000:07:00.0", "10de:20b0"),))


@pytest.mark.parametrize(("layout", "follows"), [("all-balanced", True), (None, False)])
def test_the_toolkit_describes_new_partitions(layout: str | None, follows: bool) -> None:
    roles = ("nvidia_mig", "nvidia_container_toolkit")
    known = {name: Source(name, {}) for name in roles}
    receipt = ReceiptState(record("s", "nvidia_container_toolkit", {}, {}))
    observed = replace(A100, receipts={"nvidia_container_toolkit": receipt})
    variables = {"nvidia_mig_layout": layout} if layout else {}
    fleet = Fleet(Path("i"), None, (host("h", variables),))
    found = build(fleet, {"h": HostProbe("h", True, None, None, observed)}, known)
    assert found.selection == {"h": ["nvidia_mig", "nvidia_container_toolkit"] if follows else ["nvidia_mig"]}


FOLLOWERS = ("nvidia_driver", "nvidia_mig", "nvidia_container_toolkit")
DRIVEN = replace(A100, driver=Driver("580.95.05", "580.95.05"))


@pytest.mark.parametrize(
    ("driver", "now", "observed", "expected"),
    [
        ("580.95.05", "595.71.05", DRIVEN, FOLLOWERS),
        ("580", "580.95.05", DRIVEN, ("nvidia_driver",)),
        ("580.95.05", "580", DRIVEN, ("nvidia_driver",)),
        ("580", "580", DRIVEN, ()),
        # The templated value may be any.
        ("580", "{{ version }}", DRIVEN, FOLLOWERS),
        # Somebody installed another release of the branch: it stays, and is loaded.
        ("580", "580.9", replace(DRIVEN, driver=Driver("580.95.05", "580.178.04")), FOLLOWERS),
        # Nothing is loaded: there is no other driver afterwards.
        ("595", "580", replace(DRIVEN, driver=Driver(None, "580.95.05")), ("nvidia_driver",)),
    ],
)
def test_an_exchanged_driver_takes_others_along(
    driver: str, now: str, observed: Observed, expected: tuple[str, ...]
) -> None:
    found = after_change("nvidia_driver_version", driver, now, observed)
    assert tuple(found.selection.get("h", [])) == expected


@pytest.mark.parametrize(("loaded", "expected"), [("580.95.05", ("nvidia_driver",)), ("535.1", FOLLOWERS)])
def test_the_default_version_is_one_like_any_other(loaded: str, expected: tuple[str, ...]) -> None:
    known = {role: Source(role, {}) for role in FOLLOWERS}
    receipts = {role: ReceiptState(record("s", role, {}, {})) for role in FOLLOWERS[1:]}
    observed = replace(DRIVEN, driver=Driver(loaded, loaded), workloads=(CONTAINER,), receipts=receipts)
    fleet = Fleet(Path("i"), None, (host("h", {"nvidia_mig_layout": "all-balanced"}),))
    found = build(fleet, {"h": HostProbe("h", True, observed=observed)}, known)
    assert found.hosts["h"].selected == expected
    assert (Disruption.REBOOT in found.hosts["h"].roles["nvidia_driver"].disruption) == (loaded == "535.1")


def test_another_flavour_is_another_driver() -> None:
    found = after_change("nvidia_driver_flavour", "open", "proprietary", DRIVEN, nvidia_driver_version="580")
    assert tuple(found.selection["h"]) == FOLLOWERS
    assert found.hosts["h"].roles["nvidia_mig"].reasons == (
        Reason(
            Kind.FOLLOWS, "nvidia_driver", "MIG instances go with the module that nvidia_driver exchanges"
        ),
    )


@pytest.mark.parametrize(("now", "goes"), [("595.71.05", True), ("580", False)])
def test_mig_devices_that_nobody_makes_again_go_with_the_driver(now: str, goes: bool) -> None:
    observed = replace(DRIVEN, gpus=(replace(DRIVEN.gpus[0], mig=("3g.20gb",)),))
    found = after_change("nvidia_driver_version", "580.95.05", now, observed)
    assert (Disruption.MIG_DESTROY in found.hosts["h"].roles["nvidia_driver"].disruption) == goes


def test_a_driver_that_is_refused_takes_nobody_along() -> None:
    found = after_change(
        "nvidia_driver_version", "580", "595", DRIVEN, refusals=[Refusal("h", "does not fit")]
    )
    assert found.selection == {}


def after_change(
    name: str,
    before: str,
    now: str,
    observed: Observed,
    *,
    refusals: Sequence[Refusal] = (),
    **others: object,
) -> Plan:
    """Plan for a host on which everything was applied before one variable of the driver changed."""
    variables: dict[str, bool] = {"nvidia_driver_version": False, "nvidia_driver_flavour": False}
    known = {role: Source(role, variables if role == "nvidia_driver" else {}) for role in FOLLOWERS}
    receipts = {
        role: ReceiptState(record("s", role, source.variables, {name: before, **others}))
        for role, source in known.items()
    }
    values = {"nvidia_mig_layout": "all-balanced", name: now, **others}
    fleet = Fleet(Path("i"), None, (host("h", values),))
    probes = {"h": HostProbe("h", True, None, None, replace(observed, receipts=receipts))}
    return build(fleet, probes, known, refusals=refusals)
