"""Steps that the tests of MIG share, all through nvidia-ml-py."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, TypeAlias

import pynvml

from tests.unit.lab.hardware.conftest import Server

Build = Callable[[dict[str, object]], Server]
Handle: TypeAlias = Any
"""A handle or structure of nvidia-ml-py, which has no types."""

_ROOM = 16


def start(build: Build, model: str, *, enable: bool = True) -> tuple[Server, Handle]:
    """Power on a server with one GPU and switch MIG on. Returns the server and the GPU's handle."""
    server = build({"gpus": {model: 1}})
    pynvml.nvmlInit()
    device = pynvml.nvmlDeviceGetHandleByIndex(0)
    if enable:
        assert pynvml.nvmlDeviceSetMigMode(device, 1) == pynvml.NVML_SUCCESS
    return server, device


def placements(device: Handle, profile_id: int) -> list[tuple[int, int]]:
    """Return the possible placements of a profile as (first memory slice, slices)."""
    room = (pynvml.c_nvmlGpuInstancePlacement_t * _ROOM)()
    count = ctypes.c_uint()
    pynvml.nvmlDeviceGetGpuInstancePossiblePlacements(device, profile_id, room, ctypes.byref(count))
    return [(place.start, place.size) for place in room[: count.value]]


def create(device: Handle, profile_id: int, start_at: int | None = None) -> Handle:
    """Create a GPU instance where the driver likes it or at a memory slice, with one compute instance."""
    if start_at is None:
        instance = pynvml.nvmlDeviceCreateGpuInstance(device, profile_id)
    else:
        size = placements(device, profile_id)[0][1]
        place = pynvml.c_nvmlGpuInstancePlacement_t(start_at, size)
        instance = pynvml.nvmlDeviceCreateGpuInstanceWithPlacement(device, profile_id, ctypes.byref(place))
    pynvml.nvmlGpuInstanceCreateComputeInstance(instance, widest(instance))
    return instance


def compute_profiles(instance: Handle) -> list[Handle]:
    """Return the compute instance profiles that a GPU instance offers."""
    found = []
    for number in range(pynvml.NVML_COMPUTE_INSTANCE_PROFILE_COUNT):
        try:
            found.append(pynvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, number, 0))
        except pynvml.NVMLError_NotSupported:
            continue
    return found


def widest(instance: Handle) -> int:
    """Return the id of the compute instance profile that takes all of a GPU instance."""
    return int(max(compute_profiles(instance), key=lambda profile: profile.sliceCount).id)


def computes(instance: Handle) -> list[Handle]:
    """Return the handles of the compute instances of a GPU instance."""
    found: list[Handle] = []
    for profile in compute_profiles(instance):
        room = (pynvml.c_nvmlComputeInstance_t * _ROOM)()
        count = ctypes.c_uint()
        pynvml.nvmlGpuInstanceGetComputeInstances(instance, profile.id, room, ctypes.byref(count))
        found += room[: count.value]
    return found


def destroy(instance: Handle) -> None:
    """Destroy a GPU instance and its compute instances."""
    for compute in computes(instance):
        pynvml.nvmlComputeInstanceDestroy(compute)
    pynvml.nvmlGpuInstanceDestroy(instance)


def place(instance: Handle) -> tuple[int, int, int]:
    """Return a GPU instance's id, first memory slice and number of memory slices."""
    found = pynvml.nvmlGpuInstanceGetInfo(instance)
    return found.id, found.placement.start, found.placement.size


def mig_devices(device: Handle) -> list[Handle]:
    """Return the handles of a GPU's MIG devices in the order of their index."""
    found = []
    for index in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(device)):
        try:
            found.append(pynvml.nvmlDeviceGetMigDeviceHandleByIndex(device, index))
        except pynvml.NVMLError_NotFound:
            break
    return found


def mig_uuids(device: Handle) -> list[str]:
    """Return the UUIDs of a GPU's MIG devices in the order of their index."""
    return [pynvml.nvmlDeviceGetUUID(found) for found in mig_devices(device)]
