"""What a MIG layout would do to the GPUs that the probe saw, and what speaks against it."""

import json
from dataclasses import replace

import pytest

from provision.model.plan import Disruption, GpuChange, RolePlan, State
from provision.plan.partitions import restored, with_partitions
from provision.plugins.module_utils.mig.gpu import (
    Geometry,
    GpuInstance,
    MigGpu,
    PlacedInstance,
    Target,
    User,
    gpu_from_pci_ids,
)
from provision.plugins.module_utils.mig.profiles import Placement
from provision.plugins.module_utils.mig.record import Record, dump, load
from provision.plugins.module_utils.mig.snapshot import Snapshot
from provision.plugins.module_utils.receipts.inputs import VAULTED
from provision.plugins.module_utils.receipts.reasons import Kind, Reason
from tests.unit.hosts import host
from tests.unit.plugins.module_utils.mig.gpus import GPUS

REASON = Reason(Kind.VARIABLE, "nvidia_mig_layout", "nvidia_mig_layout changed")
ROLE = RolePlan(State.INPUTS_CHANGED, (REASON,), (Disruption.MIG_DESTROY,))
BOARD = GPUS["a100-sxm4-40gb"]
CUT = replace(
    BOARD,
    name="A100",
    enabled=True,
    pending=True,
    needs_reset=True,
    instances=(
        GpuInstance(7, "1g.5gb", Placement(0, 1), (1,)),
        GpuInstance(3, "2g.10gb", Placement(2, 2), (2,)),
        GpuInstance(1, "3g.20gb", Placement(4, 4), (3,)),
    ),
)
SMALL, MIDDLE, LARGE = (instance.placed for instance in CUT.instances)
WHOLE = replace(CUT, enabled=False, pending=False, instances=())
TWO = [{"devices": "all", "mig-enabled": True, "mig-devices": {"3g.20gb": 1, "2g.10gb": 2}}]
RECORD = load(dump([CUT], {BOARD.uuid: Target(True, ())}).decode())


def plan(snapshot: Snapshot | None, layout: object = TWO, **variables: object) -> RolePlan:
    return with_partitions(ROLE, host("a100-01", {"nvidia_mig_layout": layout, **variables}), snapshot)


def test_what_stays_and_what_goes_by_gpu() -> None:
    found = plan(Snapshot((CUT,)), nvidia_mig_allow_destroy=True)
    assert found.gpus == (
        GpuChange(
            pci=BOARD.pci,
            uuid=BOARD.uuid,
            before=Geometry(True, (SMALL, MIDDLE, LARGE)),
            after=Geometry(True, (PlacedInstance("0:2", "2g.10gb"), MIDDLE, LARGE)),
            stays=(MIDDLE, LARGE),
            goes=(SMALL,),
        ),
    )
    assert (found.disruption, found.refusal) == ((Disruption.MIG_DESTROY,), None)


def test_who_is_in_the_way() -> None:
    busy = replace(
        CUT, instances=(replace(CUT.instances[0], users=(User("container train"),)), *CUT.instances[1:])
    )
    found = plan(Snapshot((busy,)), nvidia_mig_allow_destroy="true")
    assert found.gpus[0].in_the_way == ("container train",)
    assert found.refusal is not None
    assert "is in use by container train" in found.refusal
    assert found.workloads == ()


def test_services_that_are_stopped_are_no_obstacle() -> None:
    daemon = User("process nvidia-persiste (pid 7)", "nvidia-persistenced.service", computes=False)
    found = plan(Snapshot((replace(WHOLE, users=(daemon,)),)), nvidia_mig_allow_reset=True)
    assert (found.gpus[0].stops, found.gpus[0].in_the_way) == (("nvidia-persistenced.service",), ())
    assert (found.disruption, found.refusal) == ((Disruption.GPU_RESET,), None)


@pytest.mark.parametrize(
    ("gpu", "layout", "consent", "refusal", "disruption"),
    [
        (CUT, TWO, {}, "would be destroyed", [Disruption.MIG_DESTROY]),
        (WHOLE, TWO, {}, "switching MIG mode on resets GPU", [Disruption.GPU_RESET]),
        (WHOLE, TWO, {"nvidia_mig_allow_reset": "{{ x }}"}, None, [Disruption.GPU_RESET]),
        (replace(WHOLE, resettable=False), TWO, {}, "by a reboot only", [Disruption.REBOOT]),
        (replace(WHOLE, resettable=False), TWO, {"nvidia_mig_allow_reboot": 1}, None, [Disruption.REBOOT]),
        (WHOLE, "all-7g.80gb", {}, "profile `7g.80gb` does not exist", ROLE.disruption),
        (WHOLE, "[oops", {}, "is not JSON", ROLE.disruption),
        (WHOLE, "all-disabled", {}, None, []),
    ],
)
def test_refusals_are_known_beforehand(
    gpu: MigGpu, layout: object, consent: dict[str, object], refusal: str | None, disruption: list[Disruption]
) -> None:
    found = plan(Snapshot((gpu,)), layout, **consent)
    assert (found.refusal is None) == (refusal is None)
    assert (refusal or "") in (found.refusal or "")
    assert list(found.disruption) == list(disruption)


def test_a_reboot_takes_mig_devices_along_that_no_layout_names() -> None:
    other = replace(CUT, pci="0000:0f:00.0", uuid="GPU-another")
    snapshot = Snapshot((replace(WHOLE, resettable=False), other))
    layout = [{"devices": [0], "mig-enabled": True, "mig-devices": {"3g.20gb": 2}}]
    found = plan(snapshot, layout, nvidia_mig_allow_reboot=True)
    assert found.disruption == (Disruption.REBOOT, Disruption.MIG_DESTROY)
    assert "would destroy the MIG devices of GPU 0000:0f:00.0 (1g.5gb, 2g.10gb, 3g.20gb)" in str(
        found.refusal
    )
    assert found.hint == "name these GPUs in `nvidia_mig_layout`, or set `nvidia_mig_allow_destroy: true`"
    assert found.gpus[1].after == Geometry(enabled=True)
    assert len(found.gpus[1].goes) == 3
    allowed = plan(snapshot, layout, nvidia_mig_allow_reboot=True, nvidia_mig_allow_destroy=True)
    assert allowed.refusal is None

    reset = plan(replace(snapshot, gpus=(WHOLE, other)), layout, nvidia_mig_allow_reset=True)
    assert (reset.refusal, reset.disruption, len(reset.gpus)) == (None, (Disruption.GPU_RESET,), 1)


@pytest.mark.parametrize(
    ("layout", "record", "expected"),
    [
        ("", Record(), set()),
        ("", RECORD, {"0000:02:00.0"}),
        ([{**TWO[0], "devices": [1]}], RECORD, {"0000:02:00.0", "0000:0f:00.0"}),
        ([{**TWO[0], "devices": [1]}], Record(), {"0000:0f:00.0"}),
        ("{{ layout }}", Record(), {"0000:02:00.0", "0000:0f:00.0"}),
        ("{{ '' }}", Record(), set()),
        ("[oops", Record(), {"0000:02:00.0", "0000:0f:00.0"}),
    ],
)
def test_which_gpus_are_partitioned_again_with_another_driver(
    layout: object, record: Record, expected: set[str]
) -> None:
    other = replace(CUT, pci="0000:0f:00.0", uuid="GPU-another")
    snapshot = Snapshot((CUT, other), record=record)
    assert restored(host("a100-01", {"nvidia_mig_layout": layout}), snapshot) == expected


def test_a_bare_host_is_judged_by_its_pci_ids() -> None:
    gpu = gpu_from_pci_ids("0000:07:00.0", "20b010de", "144e10de")
    snapshot = Snapshot((gpu,), driver=False)
    assert "resets GPU 0000:07:00.0" in str(plan(snapshot).refusal)
    assert "`1g.23gb` does not exist" in str(plan(snapshot, "all-1g.23gb").refusal)
    [change] = plan(snapshot, nvidia_mig_allow_reset=True).gpus
    assert (change.uuid, change.before) == (None, Geometry(enabled=False))
    assert change.after.instances[-1] == LARGE


@pytest.mark.parametrize(
    ("snapshot", "layout"),
    [
        (None, TWO),
        (Snapshot((WHOLE,), unknown=(BOARD.pci,)), TWO),
        (Snapshot((WHOLE,)), "{{ layout }}"),
        (Snapshot((WHOLE,)), {VAULTED: "…"}),
        (Snapshot((WHOLE,)), ""),
    ],
)
def test_what_only_the_run_can_know_is_left_to_it(snapshot: Snapshot | None, layout: object) -> None:
    assert plan(snapshot, layout) == ROLE


def test_labels_of_a_mig_parted_file() -> None:
    text = json.dumps({"version": "v1", "mig-configs": {"two": TWO}}).encode()
    snapshot = Snapshot((CUT,))

    def labelled(layout: str, files: dict[str, bytes]) -> RolePlan:
        variables = {
            "nvidia_mig_layout": layout,
            "nvidia_mig_config_file": "{{ 'mig' }}.yml",
            "nvidia_mig_allow_destroy": True,
        }
        return with_partitions(ROLE, host("a100-01", variables, files=files), snapshot)

    assert labelled("two", {"mig.yml": text}).gpus[0].goes == (SMALL,)
    assert "layout `three` is not in" in str(labelled("three", {"mig.yml": text}).refusal)
    assert labelled("two", {}) == ROLE  # not there: the role says it better
    assert labelled("two", {"mig.yml": b"a: ["}) == ROLE
    assert labelled("two", {"mig.yml": b"\xff"}) == ROLE
