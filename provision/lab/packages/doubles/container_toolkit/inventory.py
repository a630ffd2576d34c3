"""The GPUs of this machine, read through libnvidia-ml."""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "libnvidia-ml.so.1"
MIG_MINORS = Path("/proc/driver/nvidia-caps/mig-minors")

_STRING_BYTES = 96
_ENABLED = 1


class NvmlError(Exception):
    """NVML refused; the text is its own name of the reason."""


@dataclass(frozen=True)
class Mig:
    """A MIG device: its index on the GPU, and the nvidia-caps minors of its two instances (None: unknown)."""

    index: int
    uuid: str
    gpu_instance_cap: int | None
    compute_instance_cap: int | None


@dataclass(frozen=True)
class Gpu:
    """A GPU: NVML's index, the minor of /dev/nvidiaN, and in MIG mode its devices."""

    index: int
    minor: int
    uuid: str
    mig_enabled: bool = False
    migs: tuple[Mig, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What NVML says: version of the driver, GPUs by index."""

    driver_version: str
    gpus: tuple[Gpu, ...]


def parse_mig_minors(text: str) -> dict[str, int]:
    """Return minors by capability, such as gpu0/gi1/ci0/access, from the text of mig-minors."""
    return {name: int(minor) for name, minor in re.findall(r"^(\S+) (\d+)$", text, re.MULTILINE)}


def read() -> Machine:
    """Return the machine's GPUs. Raises NvmlError: no library, driver not loaded, versions that differ."""
    try:
        library = ctypes.CDLL(LIBRARY)
    except OSError as error:
        raise NvmlError("ERROR_LIBRARY_NOT_FOUND") from error
    nvml = _Nvml(library)
    nvml.call("nvmlInit_v2")
    try:
        return _machine(nvml)
    finally:
        nvml.call("nvmlShutdown")


class _Nvml:
    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        library.nvmlErrorString.restype = ctypes.c_char_p

    def call(self, name: str, *arguments: object) -> None:
        code = getattr(self._library, name)(*arguments)
        if code != 0:
            raise NvmlError(self._library.nvmlErrorString(code).decode())

    def number(self, name: str, device: ctypes.c_void_p) -> int:
        value = ctypes.c_uint()
        self.call(name, device, ctypes.byref(value))
        return value.value

    def text(self, name: str, *device: ctypes.c_void_p) -> str:
        value = ctypes.create_string_buffer(_STRING_BYTES)
        self.call(name, *device, value, ctypes.c_uint(_STRING_BYTES))
        return value.value.decode()


def _machine(nvml: _Nvml) -> Machine:
    count = ctypes.c_uint()
    nvml.call("nvmlDeviceGetCount_v2", ctypes.byref(count))
    try:
        minors = parse_mig_minors(MIG_MINORS.read_text())
    except OSError:
        minors = {}
    return Machine(
        driver_version=nvml.text("nvmlSystemGetDriverVersion"),
        gpus=tuple(_gpu(nvml, index, minors) for index in range(count.value)),
    )


def _gpu(nvml: _Nvml, index: int, minors: dict[str, int]) -> Gpu:
    device = ctypes.c_void_p()
    nvml.call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(index), ctypes.byref(device))
    current, pending = ctypes.c_uint(), ctypes.c_uint()
    try:
        nvml.call("nvmlDeviceGetMigMode", device, ctypes.byref(current), ctypes.byref(pending))
    except NvmlError:
        current.value = 0  # the GPU has no MIG
    minor = nvml.number("nvmlDeviceGetMinorNumber", device)
    enabled = current.value == _ENABLED
    return Gpu(
        index=index,
        minor=minor,
        uuid=nvml.text("nvmlDeviceGetUUID", device),
        mig_enabled=enabled,
        migs=tuple(_migs(nvml, device, minor, minors)) if enabled else (),
    )


def _migs(nvml: _Nvml, device: ctypes.c_void_p, minor: int, minors: dict[str, int]) -> list[Mig]:
    found = []
    for index in range(nvml.number("nvmlDeviceGetMaxMigDeviceCount", device)):
        mig = ctypes.c_void_p()
        try:
            nvml.call("nvmlDeviceGetMigDeviceHandleByIndex", device, ctypes.c_uint(index), ctypes.byref(mig))
        except NvmlError:
            continue  # fewer devices than the GPU can hold
        gpu_instance = f"gpu{minor}/gi{nvml.number('nvmlDeviceGetGpuInstanceId', mig)}"
        compute_instance = f"{gpu_instance}/ci{nvml.number('nvmlDeviceGetComputeInstanceId', mig)}"
        found.append(
            Mig(
                index=index,
                uuid=nvml.text("nvmlDeviceGetUUID", mig),
                gpu_instance_cap=minors.get(f"{gpu_instance}/access"),
                compute_instance_cap=minors.get(f"{compute_instance}/access"),
            )
        )
    return found
