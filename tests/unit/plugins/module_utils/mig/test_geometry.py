"""MIG changes against the lab's libnvidia-ml: kept UUIDs, exact ends, and nothing lost when a step fails."""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pynvml
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provision.plugins.module_utils.gpus import nvml as binding
from provision.plugins.module_utils.gpus.nvml import Nvml, NvmlError
from provision.plugins.module_utils.mig.geometry import MigError, PendingError, read_gpus, reconfigure
from provision.plugins.module_utils.mig.gpu import GpuInstanceSpec, MigGpu, Target, User, gpu_from_pci_ids
from provision.plugins.module_utils.mig.layout import Layout, LayoutError, resolve
from provision.plugins.module_utils.mig.placement import NoPlacementError
from provision.plugins.module_utils.mig.plan import GpuPlan, plan_gpus
from provision.plugins.module_utils.mig.profiles import Placement, known
from tests.unit.lab.hardware.conftest import VERSION, Server, build_driver

from .gpus import GPUS, reachable

Build = Callable[[dict[str, object]], Server]
A100 = "a100-sxm4-40gb"


class Late(Nvml):
    """The lab's library, initialised when it is first used: a test powers its server on before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ready = False

    def _call(self, function: str, *arguments: object) -> None:
        if not self.ready:
            self.ready = True
            super().__init__(str(self.path))
        super()._call(function, *arguments)


@pytest.fixture
def library(programs: Path) -> Iterator[Nvml]:
    """The lab's library of the server that a test powers on."""
    late = Late(programs / f"libnvidia-ml.so.{VERSION}")
    yield late
    if late.ready:
        late.close()


def start(build: Build, library: Nvml, model: str, label: str = "all-enabled") -> tuple[Server, MigGpu]:
    """Power on a server with one GPU and give it a layout."""
    server = build({"gpus": {model: 1}})
    bring(library, label)
    return server, now(library)


def now(library: Nvml) -> MigGpu:
    return read_gpus(library)[0]


def bring(library: Nvml, layout: Layout) -> GpuPlan:
    """Bring the GPU to a layout and return the plan that it took."""
    gpu = now(library)
    (plan,) = plan_gpus([gpu], resolve(layout, [gpu]))
    assert reconfigure(library, plan, never)
    return plan


def never(_uuid: str) -> str:
    """Resets no GPU."""
    return "nobody resets it"


def uuids(library: Nvml, gpu: MigGpu) -> dict[int, str]:
    """UUIDs of the MIG devices by GPU instance."""
    return {instance: uuid for uuid, instance, _ in library.mig_devices(library.device(gpu.uuid))}


def state(server: Server) -> str:
    """Everything that the driver knows of instances, apart from how often they were made."""
    return "\n".join(
        sorted(str({**each, "born": ""}) for kind in ("gpu", "gi", "ci") for each in server.records(kind))
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (binding._PciInfo, pynvml.nvmlPciInfo_t),
        (binding._Placement, pynvml.c_nvmlGpuInstancePlacement_t),
        (binding._GpuInstanceProfileInfo, pynvml.c_nvmlGpuInstanceProfileInfo_v2_t),
        (binding._GpuInstanceInfo, pynvml.c_nvmlGpuInstanceInfo_t),
        (binding._ComputeInstanceProfileInfo, pynvml.c_nvmlComputeInstanceProfileInfo_v2_t),
        (binding._ComputeInstanceInfo, pynvml.c_nvmlComputeInstanceInfo_t),
    ],
)
def test_structures_are_those_of_nvidia_ml_py(ours: type, theirs: type) -> None:
    assert ctypes.sizeof(ours) == ctypes.sizeof(theirs)
    assert [(name, getattr(ours, name).offset) for name, _ in ours._fields_] == [  # type: ignore[attr-defined]
        (name, getattr(theirs, name).offset)
        for name, _ in theirs._fields_  # type: ignore[attr-defined]
    ]


def test_constants_are_those_of_nvidia_ml_py() -> None:
    for name in ("INVALID_ARGUMENT", "NOT_SUPPORTED", "NOT_FOUND", "RESET_REQUIRED", "IN_USE"):
        assert getattr(binding, name) == getattr(pynvml, f"NVML_ERROR_{name}")


@pytest.mark.usefixtures("nvml")
@pytest.mark.parametrize("model", GPUS)
def test_nvidia_ml_py_reads_what_we_made(model: str, server: Build, library: Nvml) -> None:
    start(server, library, model, "all-balanced")
    gpu = now(library)
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    assert pynvml.nvmlDeviceGetMigMode(device) == [1, 1]
    assert pynvml.nvmlDeviceGetUUID(device) == gpu.uuid
    seen = Counter()  # type: Counter[str]
    for index in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(device)):
        try:
            handle = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, index)
        except pynvml.NVMLError_NotFound:
            break
        assert pynvml.nvmlDeviceGetUUID(handle) in uuids(library, gpu).values()
        seen[pynvml.nvmlDeviceGetName(handle).split("MIG ")[-1]] += 1
    assert seen == Counter(each.profile for each in gpu.instances)


@pytest.mark.parametrize("model", GPUS)
def test_every_label_of_every_model_is_applied_exactly(model: str, server: Build, library: Nvml) -> None:
    start(server, library, model)
    labels = [f"all-{name.replace('+', '.')}" for name in now(library).profiles]
    for label in (*labels, "all-balanced", "all-enabled", "all-disabled"):
        bring(library, label)
        gpu = now(library)
        target = resolve(label, [gpu])[gpu.uuid]
        assert gpu.enabled == gpu.pending == target.enabled
        assert Counter(each.spec for each in gpu.instances) == Counter(target.instances)
        assert bring(library, label).is_empty


@pytest.mark.parametrize("model", GPUS)
def test_what_is_known_without_a_driver_is_what_the_driver_says(
    model: str, server: Build, library: Nvml
) -> None:
    _, gpu = start(server, library, model)
    tables = known(gpu.device)
    assert tables is not None
    assert {name: (each.slices, each.limit, each.placements) for name, each in tables.items()} == {
        name: (each.slices, each.limit, each.placements) for name, each in gpu.profiles.items()
    }


def test_an_old_driver_is_helped_out_until_mig_is_on(
    server: Build, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = build_driver("535.261.03", tmp_path_factory.mktemp("driver535"))
    server({"gpus": {A100: 1}}).power_on(version="535.261.03")
    with Nvml(str(folder / "libnvidia-ml.so.535.261.03")) as library:
        bring(library, "all-balanced")
        assert Counter(each.profile for each in now(library).instances) == {
            "3g.20gb": 1,
            "2g.10gb": 1,
            "1g.5gb": 2,
        }


REACHABLE = [dict(chosen) for chosen in reachable(GPUS[A100].profiles)]
ANY = st.dictionaries(
    st.sampled_from(["1g.5gb", "1g.5gb+me", "2g.10gb", "3g.20gb", "1c.3g.20gb", "2c.4g.20gb"]),
    st.integers(1, 7),
    max_size=3,
)


@pytest.mark.slow
@settings(
    max_examples=1000,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(counts=st.sampled_from(REACHABLE) | ANY, busy=st.integers(0, 127))
def test_walks_keep_uuids_and_end_exactly(
    counts: dict[str, int], busy: int, walker: tuple[Server, Nvml]
) -> None:
    """Each example is the next step of one long walk over a GPU, some of whose instances are in use."""
    built, library = walker
    gpu = now(library)
    gpu = replace(
        gpu,
        instances=tuple(
            replace(each, users=(User("job"),) if busy >> number & 1 else ())
            for number, each in enumerate(gpu.instances)
        ),
    )
    before, former = state(built), uuids(library, gpu)
    entry = {"devices": [0], "mig-enabled": True, "mig-devices": counts}
    try:
        (plan,) = plan_gpus([gpu], resolve([entry], [gpu]))
    except (LayoutError, NoPlacementError):
        assert state(built) == before
        return
    reconfigure(library, plan, never)
    after = now(library)
    assert Counter(each.spec for each in after.instances) == Counter(plan.target.instances)
    for kept in plan.change.keep:
        assert uuids(library, after)[kept.identifier] == former[kept.identifier]
    assert {(each.profile, each.placement) for each in plan.result().instances} == {
        (each.profile, each.placement) for each in after.instances
    }


@pytest.fixture
def walker(server: Build, library: Nvml) -> tuple[Server, Nvml]:
    built, _ = start(server, library, A100)
    return built, library


class Breaking:
    """Stands before the library and lets one of the calls that change something fail."""

    def __init__(self, library: Nvml, at: int, error: BaseException) -> None:
        self._library, self._at, self._error = library, at, error
        self.calls = 0

    def __getattr__(self, name: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self._library, name)
        if not name.startswith(("create_", "destroy_", "set_")):
            return found

        def call(*arguments: object) -> object:
            self.calls += 1
            if self.calls == self._at:
                raise self._error
            return found(*arguments)

        return call


CHANGES = [
    ("all-balanced", "all-7g.40gb"),
    ("all-1g.5gb", "all-balanced"),
    ("all-balanced", "all-disabled"),
    ("all-disabled", "all-balanced"),
]


@pytest.mark.parametrize(("former", "label"), CHANGES)
def test_a_failure_at_any_step_puts_everything_back(
    former: str, label: str, server: Build, library: Nvml
) -> None:
    built, gpu = start(server, library, A100, former)
    before, devices = state(built), set(uuids(library, gpu).values())
    (plan,) = plan_gpus([gpu], resolve(label, [gpu]))
    at = 0
    while True:
        at += 1
        breaking: Any = Breaking(
            library, at, NvmlError(pynvml.NVML_ERROR_IN_USE, "test", "In use by another client")
        )
        try:
            reconfigure(breaking, plan, never)
        except MigError as error:
            assert "put back as it was" in str(error) or "nothing was changed" in str(error)
            assert state(built) == before, f"call {at}"
            assert set(uuids(library, now(library)).values()) == devices
        else:
            assert at > breaking.calls
            assert at > 4
            return


@pytest.mark.parametrize(("former", "label"), CHANGES)
def test_a_kill_at_any_step_is_mended_by_the_next_run(
    former: str, label: str, server: Build, library: Nvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed process undoes nothing: its last call has happened, and no other will."""
    monkeypatch.setattr("provision.plugins.module_utils.mig.geometry.Undo.run", lambda _self: "")
    start(server, library, A100, former)
    for at in range(1, 100):
        bring(library, former)
        gpu = now(library)
        (plan,) = plan_gpus([gpu], resolve(label, [gpu]))
        breaking: Any = Breaking(library, at, KeyboardInterrupt())
        try:
            reconfigure(breaking, plan, never)
        except KeyboardInterrupt:
            bring(library, label)
        else:
            assert at > 4
            return
        gpu = now(library)
        target = resolve(label, [gpu])[gpu.uuid]
        assert gpu.enabled == target.enabled
        assert Counter(each.spec for each in gpu.instances) == Counter(target.instances)


def test_an_interruption_undoes_and_goes_on(server: Build, library: Nvml) -> None:
    built, gpu = start(server, library, A100, "all-1g.5gb")
    before = state(built)
    (plan,) = plan_gpus([gpu], resolve("all-balanced", [gpu]))
    breaking: Any = Breaking(library, 5, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        reconfigure(breaking, plan, never)
    assert state(built) == before


def test_pending_is_no_success(server: Build, library: Nvml) -> None:
    built = server({"gpus": {A100: 1}})
    built.power_on("mig_reset_blocked")
    with pytest.raises(
        PendingError,
        match=r"MIG mode is only pending, not enabled: the GPU cannot be reset here.* it was put back as it was",
    ):
        bring(library, "all-balanced")
    gpu = now(library)
    assert (gpu.enabled, gpu.pending) == (False, False)


def test_a_success_that_did_nothing_is_found_by_reading_back(
    server: Build, library: Nvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, gpu = start(server, library, A100)
    before = state(built)
    (plan,) = plan_gpus([gpu], resolve("all-3g.20gb", [gpu]))
    monkeypatch.setattr(library, "create_compute_instance", lambda _instance, _slices: None)
    with pytest.raises(
        MigError,
        match=r"after the change it has MIG enabled, 0:4 3g\.20gb \(empty\).*; it was put back as it was",
    ):
        reconfigure(library, plan, never)
    assert state(built) == before


def test_what_cannot_be_put_back_is_said(
    server: Build, library: Nvml, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, gpu = start(server, library, A100, "all-1g.5gb")
    (plan,) = plan_gpus([gpu], resolve("all-balanced", [gpu]))
    breaking: Any = Breaking(library, 5, NvmlError(pynvml.NVML_ERROR_IN_USE, "test", "In use"))

    def broken(*_: object) -> int:
        raise NvmlError(pynvml.NVML_ERROR_INSUFFICIENT_RESOURCES, "test", "Insufficient Resources")

    monkeypatch.setattr(library, "create_gpu_instance", broken)
    with pytest.raises(
        MigError, match=r"could not be put back: re-creating 1g\.5gb failed with Insufficient"
    ):
        reconfigure(breaking, plan, never)


def test_after_a_reboot_instances_lie_where_they_lay(server: Build, library: Nvml) -> None:
    built, gpu = start(server, library, A100, "all-1g.5gb")
    bring(library, [{"devices": [0], "mig-enabled": True, "mig-devices": {"1g.5gb": 2}}])
    gpu = now(library)
    devices = set(uuids(library, gpu).values())
    places = tuple(each.placement for each in gpu.instances)
    target = Target(True, tuple(each.spec for each in gpu.instances), places)
    built.power_on()
    gpu = now(library)
    assert gpu.instances == ()
    (plan,) = plan_gpus([gpu], {gpu.uuid: target})
    reconfigure(library, plan, never)
    gpu = now(library)
    assert {each.placement for each in gpu.instances} == set(places)
    assert set(uuids(library, gpu).values()) == devices


def test_places_that_do_not_exist_any_more_are_not_insisted_on(server: Build, library: Nvml) -> None:
    _, gpu = start(server, library, A100)
    target = Target(True, (GpuInstanceSpec("3g.20gb", (3,)),), (Placement(2, 4),))
    (plan,) = plan_gpus([gpu], {gpu.uuid: target})
    assert [place for _, place in plan.change.create] == [Placement(4, 4)]


def test_a_gpu_without_a_driver_is_taken_for_unpartitioned() -> None:
    gpu = gpu_from_pci_ids("0000:07:00.0", "20b010de", "144e10de")
    assert (gpu.enabled, gpu.needs_reset, gpu.capable) == (False, True, True)
    assert gpu_from_pci_ids("0000:07:00.0", "1db610de", "") == MigGpu(
        "0000:07:00.0", "0000:07:00.0", "1db610de", "", False, {}
    )
