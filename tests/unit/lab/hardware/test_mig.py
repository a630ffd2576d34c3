"""MIG through nvidia-ml-py: tables, placements, the driver's packing, and everything that is refused."""

from __future__ import annotations

import ctypes
import math
import random

import pynvml
import pytest

from provision.lab.hardware.catalogue import catalogue, profiles
from tests.unit.lab.hardware.mig import (
    Build,
    compute_profiles,
    computes,
    create,
    destroy,
    mig_devices,
    mig_uuids,
    place,
    placements,
    start,
    widest,
)

pytestmark = pytest.mark.usefixtures("nvml")
MIG_MODELS = sorted(model for model, known in catalogue()["gpus"].items() if "mig" in known)
A100 = "a100-sxm4-40gb"


def ids(model: str) -> dict[str, int]:
    """Return the ids of a model's profiles by name."""
    return {profile["name"]: profile["id"] for profile in profiles(model)}


@pytest.mark.parametrize("model", MIG_MODELS)
def test_profiles_and_placements_are_those_of_the_catalogue(model: str, server: Build) -> None:
    _, device = start(server, model, enable=False)
    offered = {}
    for number in range(pynvml.NVML_GPU_INSTANCE_PROFILE_COUNT):
        try:
            plain = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(device, number, version=1)
        except pynvml.NVMLError_NotSupported:
            continue
        named = pynvml.nvmlDeviceGetGpuInstanceProfileInfo(device, number)
        for field, _ in plain._fields_:
            assert getattr(plain, field) == getattr(named, field)
        offered[named.name.removeprefix("MIG ")] = (
            *(number, plain.id, plain.instanceCount, plain.sliceCount, plain.memorySizeMB),
            *(plain.multiprocessorCount, plain.copyEngineCount, plain.decoderCount, plain.encoderCount),
            *(plain.jpegCount, plain.ofaCount, placements(device, plain.id)),
        )
    fields = ("nvml", "id", "count", "slices", "memory", "multiprocessors", "copy_engines", "decoders")
    assert offered == {
        known["name"]: (
            *(known[field] for field in (*fields, "encoders", "jpeg", "ofa")),
            [(slice_, known["size"]) for slice_ in known["starts"]],
        )
        for known in profiles(model)
    }


@pytest.mark.parametrize("model", MIG_MODELS)
def test_profile_names_follow_from_the_sizes(model: str) -> None:
    """Tools compute a profile's name from NVML's figures: eighths of the memory, rounded, in GiB."""
    total = catalogue()["gpus"][model]["memory"]
    for profile in profiles(model):
        eighths = math.ceil(profile["memory"] / total * 8)
        gigabytes = math.floor(eighths / 8 * math.ceil(total / 1024) + 0.5)
        assert profile["name"].startswith(f"{profile['slices']}g.{gigabytes}gb")


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        # A published run on an A100: `-cgi 9,19,14,19`.
        (
            ["3g.20gb", "1g.5gb", "2g.10gb", "1g.5gb"],
            [(1, 4, 4), (11, 0, 1), (6, 2, 2), (12, 1, 1)],
        ),
        # The user guide's: 1g first leaves room for 2g and 4g.
        (["1g.5gb", "2g.10gb", "4g.20gb"], [(9, 6, 1), (3, 4, 2), (2, 0, 4)]),
        (["7g.40gb"], [(0, 0, 8)]),
        (["3g.20gb", "3g.20gb"], [(1, 4, 4), (2, 0, 4)]),
    ],
)
def test_the_driver_packs_where_it_takes_least(
    order: list[str], expected: list[tuple[int, int, int]], server: Build
) -> None:
    _, device = start(server, A100)
    assert [place(create(device, ids(A100)[name])) for name in order] == expected


def test_seven_small_instances_fit_and_an_eighth_does_not(server: Build) -> None:
    _, device = start(server, A100)
    made = [create(device, ids(A100)["1g.5gb"]) for _ in range(7)]

    assert sorted(place(instance)[1] for instance in made) == [0, 1, 2, 3, 4, 5, 6]
    assert len(set(mig_uuids(device))) == 7
    with pytest.raises(pynvml.NVMLError_InsufficientResources):
        pynvml.nvmlDeviceCreateGpuInstance(device, ids(A100)["1g.5gb"])


def test_media_engines_go_to_one_instance_only(server: Build) -> None:
    model = "a30-24gb"
    _, device = start(server, model)
    create(device, ids(model)["1g.6gb+me"])

    assert pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(device, ids(model)["2g.12gb+me"]) == 0
    with pytest.raises(pynvml.NVMLError_InsufficientResources):
        create(device, ids(model)["2g.12gb+me"])
    assert place(create(device, ids(model)["2g.12gb"]))[2] == 2


def test_all_media_engines_leave_room_for_instances_without(server: Build) -> None:
    model = "rtx-pro-6000-server"
    _, device = start(server, model)
    create(device, ids(model)["1g.24gb+me.all"])
    with pytest.raises(pynvml.NVMLError_InsufficientResources):
        create(device, ids(model)["1g.24gb"])
    for _ in range(3):
        create(device, ids(model)["1g.24gb-me"])


def test_placement_can_be_asked_for(server: Build) -> None:
    _, device = start(server, A100)
    three = ids(A100)["3g.20gb"]
    assert place(create(device, three, 0)) == (2, 0, 4)
    with pytest.raises(pynvml.NVMLError_InsufficientResources):
        create(device, ids(A100)["1g.5gb"], 3)
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        create(device, three, 2)


@pytest.mark.parametrize("model", MIG_MODELS)
def test_random_walks_keep_the_books(model: str, server: Build) -> None:
    """Instances never overlap, free capacity is what can in fact be created, and kept instances stay themselves."""
    chance = random.Random(model)
    _, device = start(server, model)
    by_id = {profile["id"]: profile for profile in profiles(model)}
    alive: dict[int, tuple[object, str]] = {}
    for _ in range(40):
        if alive and chance.random() < 0.4:
            gone = chance.choice(sorted(alive))
            destroy(alive.pop(gone)[0])
        profile = by_id[chance.choice(sorted(by_id))]
        room = pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(device, profile["id"])
        if room == 0:
            with pytest.raises(pynvml.NVMLError_InsufficientResources):
                pynvml.nvmlDeviceCreateGpuInstance(device, profile["id"])
        else:
            made = create(device, profile["id"])
            number = place(made)[0]
            assert number not in alive
            alive[number] = (made, mig_uuid_of(device, number))
            assert pynvml.nvmlDeviceGetGpuInstanceRemainingCapacity(device, profile["id"]) < room
        taken = [
            slice_
            for instance, _ in alive.values()
            for slice_ in range(place(instance)[1], place(instance)[1] + place(instance)[2])
        ]
        assert len(taken) == len(set(taken))
        assert {mig_uuid_of(device, number) for number in alive} == {uuid for _, uuid in alive.values()}


def mig_uuid_of(device: object, instance_id: int) -> str:
    """Return the UUID of the MIG device in a GPU instance."""
    return next(
        str(pynvml.nvmlDeviceGetUUID(found))
        for found in mig_devices(device)
        if pynvml.nvmlDeviceGetGpuInstanceId(found) == instance_id
    )


def test_compute_instances_share_a_gpu_instance(server: Build) -> None:
    _, device = start(server, A100)
    instance = pynvml.nvmlDeviceCreateGpuInstance(device, ids(A100)["3g.20gb"])
    offered = {found.name: found for found in compute_profiles(instance)}

    assert list(offered) == ["MIG 1c.3g.20gb", "MIG 2c.3g.20gb", "MIG 3g.20gb"]
    one, two = offered["MIG 1c.3g.20gb"].id, offered["MIG 2c.3g.20gb"].id
    first = pynvml.nvmlGpuInstanceCreateComputeInstance(instance, one)
    second = pynvml.nvmlGpuInstanceCreateComputeInstance(instance, two)
    with pytest.raises(pynvml.NVMLError_InsufficientResources):
        pynvml.nvmlGpuInstanceCreateComputeInstance(instance, one)

    found = [pynvml.nvmlComputeInstanceGetInfo_v2(compute) for compute in (first, second)]
    assert [(one.id, one.placement.start, one.placement.size) for one in found] == [(0, 0, 1), (1, 1, 2)]
    names = [pynvml.nvmlDeviceGetName(mig) for mig in mig_devices(device)]
    assert names == [f"NVIDIA A100-SXM4-40GB MIG {name}" for name in ("1c.3g.20gb", "2c.3g.20gb")]


def test_an_instance_in_use_is_not_destroyed(server: Build) -> None:
    _, device = start(server, A100)
    instance = create(device, ids(A100)["2g.10gb"])
    with pytest.raises(pynvml.NVMLError_InUse):
        pynvml.nvmlGpuInstanceDestroy(instance)
    with pytest.raises(pynvml.NVMLError_InUse):
        pynvml.nvmlDeviceSetMigMode(device, 0)
    destroy(instance)
    assert mig_devices(device) == []
    for stale in (lambda: place(instance), lambda: computes(instance), lambda: widest(instance)):
        with pytest.raises(pynvml.NVMLError_InvalidArgument):
            stale()


def test_a_mig_device_answers_for_itself(server: Build) -> None:
    _, device = start(server, "h100-sxm5-80gb")
    create(device, ids("h100-sxm5-80gb")["3g.40gb"])
    (mig,) = mig_devices(device)

    assert pynvml.nvmlDeviceGetIndex(mig) == 0
    assert pynvml.nvmlDeviceGetMemoryInfo(mig).total == 40448 * 2**20
    uuid = pynvml.nvmlDeviceGetUUID(mig)
    assert pynvml.nvmlDeviceGetUUID(pynvml.nvmlDeviceGetHandleByUUID(uuid)) == uuid


def test_a_remade_instance_can_be_told_from_a_kept_one(server: Build) -> None:
    """The UUID is that of the place, as on real GPUs; the state file counts creations."""
    built, device = start(server, A100)
    before = create(device, ids(A100)["1g.5gb"])
    uuid = mig_uuids(device)
    born = built.records("gi")[0]["born"]
    destroy(before)
    create(device, ids(A100)["1g.5gb"])

    assert mig_uuids(device) == uuid
    assert built.records("gi")[0]["born"] != born


@pytest.mark.parametrize("version", [1, 2])
def test_wrong_version_words_are_refused(version: int, server: Build) -> None:
    _, device = start(server, A100)
    wrong = pynvml.c_nvmlGpuInstanceProfileInfo_v2_t()
    wrong.version = (version << 24) | 7
    function = pynvml._nvmlGetFunctionPointer("nvmlDeviceGetGpuInstanceProfileInfoV")
    assert function(device, 0, ctypes.byref(wrong)) == pynvml.NVML_ERROR_ARGUMENT_VERSION_MISMATCH
