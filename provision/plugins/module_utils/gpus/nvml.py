"""What provisioning needs of libnvidia-ml, through its public API (nvml.h), by ctypes.

Only documented functions are called. Structures follow nvml.h; the tests compare their sizes with those of the
nvidia-ml-py package. Handles are valid until `close`.
"""

from __future__ import annotations

import contextlib
import ctypes
from ctypes import byref, c_char, c_uint, c_ulonglong, c_void_p
from dataclasses import dataclass
from typing import Iterator, List, Optional, Tuple

SUCCESS = 0
INVALID_ARGUMENT = 2
NOT_SUPPORTED = 3
NOT_FOUND = 6
RESET_REQUIRED = 16
IN_USE = 19

# Both counts grow with new boards; asking for a profile number that the library does not know yet gives
# INVALID_ARGUMENT, so asking for a few more costs nothing.
_GPU_INSTANCE_PROFILES = range(32)
_COMPUTE_INSTANCE_PROFILES = range(16)
_MOST_INSTANCES = 16


class _PciInfo(ctypes.Structure):
    _fields_ = [
        ("busIdLegacy", c_char * 16),
        ("domain", c_uint),
        ("bus", c_uint),
        ("device", c_uint),
        ("pciDeviceId", c_uint),
        ("pciSubSystemId", c_uint),
        ("busId", c_char * 32),
    ]


class _Placement(ctypes.Structure):
    _fields_ = [("start", c_uint), ("size", c_uint)]


class _GpuInstanceProfileInfo(ctypes.Structure):
    _fields_ = [
        ("version", c_uint),
        ("id", c_uint),
        ("isP2pSupported", c_uint),
        ("sliceCount", c_uint),
        ("instanceCount", c_uint),
        ("multiprocessorCount", c_uint),
        ("copyEngineCount", c_uint),
        ("decoderCount", c_uint),
        ("encoderCount", c_uint),
        ("jpegCount", c_uint),
        ("ofaCount", c_uint),
        ("memorySizeMB", c_ulonglong),
        ("name", c_char * 96),
    ]


class _GpuInstanceInfo(ctypes.Structure):
    _fields_ = [("device", c_void_p), ("id", c_uint), ("profileId", c_uint), ("placement", _Placement)]


class _ComputeInstanceProfileInfo(ctypes.Structure):
    _fields_ = [
        ("version", c_uint),
        ("id", c_uint),
        ("sliceCount", c_uint),
        ("instanceCount", c_uint),
        ("multiprocessorCount", c_uint),
        ("sharedCopyEngineCount", c_uint),
        ("sharedDecoderCount", c_uint),
        ("sharedEncoderCount", c_uint),
        ("sharedJpegCount", c_uint),
        ("sharedOfaCount", c_uint),
        ("name", c_char * 96),
    ]


class _ComputeInstanceInfo(ctypes.Structure):
    _fields_ = [
        ("device", c_void_p),
        ("gpuInstance", c_void_p),
        ("id", c_uint),
        ("profileId", c_uint),
        ("placement", _Placement),
    ]


@dataclass(frozen=True)
class PciInfo:
    """`address` in the kernel's form (0000:07:00.0); ids as device and vendor, 20b010de."""

    address: str
    device: str
    subsystem: str


@dataclass(frozen=True)
class GpuInstanceProfileInfo:
    """One GPU instance profile of one GPU; `engines` are copy, decoder, encoder, JPEG, OFA."""

    identifier: int
    name: str
    slices: int
    limit: int
    memory_mib: int
    engines: Tuple[int, ...]


@dataclass(frozen=True)
class GpuInstanceInfo:
    """One existing GPU instance; `start` and `size` are memory slices."""

    handle: int
    identifier: int
    profile: int
    start: int
    size: int


@dataclass(frozen=True)
class ComputeInstanceInfo:
    """One existing compute instance; `slices` are compute slices."""

    handle: int
    identifier: int
    slices: int


class NvmlError(Exception):
    """A call failed. `code` is NVML's return code, `function` the name of what was called."""

    def __init__(self, code: int, function: str, text: str) -> None:
        super().__init__(f"{text} ({function})")
        self.code = code
        self.function = function


class Nvml:
    """An initialised libnvidia-ml. Use as a context manager; raises NvmlError or OSError (no library)."""

    def __init__(self, library: str = "libnvidia-ml.so.1") -> None:
        self._library = ctypes.CDLL(library)
        self._library.nvmlErrorString.restype = ctypes.c_char_p
        self._call("nvmlInit_v2")

    def __enter__(self) -> Nvml:
        """Return itself; the library is initialised already."""
        return self

    def __exit__(self, *_: object) -> None:
        """Shut the library down."""
        self.close()

    def close(self) -> None:
        """Shut the library down; handles become invalid."""
        self._call("nvmlShutdown")

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Hold no GPU for a while, as a reset needs it; handles become invalid."""
        self.close()
        try:
            yield
        finally:
            self._call("nvmlInit_v2")

    def driver_version(self) -> str:
        """Return the version of the loaded driver."""
        buffer = ctypes.create_string_buffer(80)
        self._call("nvmlSystemGetDriverVersion", buffer, c_uint(80))
        return buffer.value.decode()

    def devices(self) -> List[int]:
        """Return a handle for each GPU."""
        count = c_uint()
        self._call("nvmlDeviceGetCount_v2", byref(count))
        return [self._handle("nvmlDeviceGetHandleByIndex_v2", c_uint(index)) for index in range(count.value)]

    def device(self, uuid: str) -> int:
        """Return the handle of a GPU."""
        return self._handle("nvmlDeviceGetHandleByUUID", ctypes.c_char_p(uuid.encode()))

    def uuid(self, device: int) -> str:
        """Return the UUID of a GPU or of a MIG device."""
        return self._text("nvmlDeviceGetUUID", device, 96)

    def name(self, device: int) -> str:
        """Return the product name."""
        return self._text("nvmlDeviceGetName", device, 96)

    def pci(self, device: int) -> PciInfo:
        """Return where the GPU sits and its PCI ids."""
        info = _PciInfo()
        self._call("nvmlDeviceGetPciInfo_v3", c_void_p(device), byref(info))
        address = f"{info.domain:04x}:{info.bus:02x}:{info.device:02x}.0"
        return PciInfo(address, f"{info.pciDeviceId:08x}", f"{info.pciSubSystemId:08x}")

    def minor(self, device: int) -> int:
        """Return N of the GPU's device file /dev/nvidiaN."""
        minor = c_uint()
        self._call("nvmlDeviceGetMinorNumber", c_void_p(device), byref(minor))
        return minor.value

    def compute_capability(self, device: int) -> Tuple[int, int]:
        """Return the compute capability, major and minor."""
        major, minor = ctypes.c_int(), ctypes.c_int()
        self._call("nvmlDeviceGetCudaComputeCapability", c_void_p(device), byref(major), byref(minor))
        return major.value, minor.value

    def mig_mode(self, device: int) -> Optional[Tuple[bool, bool]]:
        """Return whether MIG is on now, and after the next reset; None where the GPU cannot do MIG."""
        current, pending = c_uint(), c_uint()
        try:
            self._call("nvmlDeviceGetMigMode", c_void_p(device), byref(current), byref(pending))
        except NvmlError as error:
            if error.code == NOT_SUPPORTED:
                return None
            raise
        return bool(current.value), bool(pending.value)

    def set_mig_mode(self, device: int, enabled: bool) -> int:
        """Switch MIG mode and return the activation status: SUCCESS, or why the mode is only pending."""
        status = c_uint()
        self._call("nvmlDeviceSetMigMode", c_void_p(device), c_uint(enabled), byref(status))
        return status.value

    def gpu_instance_profiles(self, device: int) -> List[GpuInstanceProfileInfo]:
        """Return the profiles that the GPU offers, in NVML's order."""
        found = []
        for number in _GPU_INSTANCE_PROFILES:
            info = _GpuInstanceProfileInfo(version=_version(_GpuInstanceProfileInfo, 2))
            try:
                self._call(
                    "nvmlDeviceGetGpuInstanceProfileInfoV", c_void_p(device), c_uint(number), byref(info)
                )
            except NvmlError as error:
                if error.code in (NOT_SUPPORTED, INVALID_ARGUMENT, NOT_FOUND):
                    continue
                raise
            engines = (
                info.copyEngineCount,
                info.decoderCount,
                info.encoderCount,
                info.jpegCount,
                info.ofaCount,
            )
            name = _profile_name(info.name)
            profile = GpuInstanceProfileInfo(
                info.id, name, info.sliceCount, info.instanceCount, info.memorySizeMB, engines
            )
            found.append(profile)
        return found

    def placements(self, device: int, profile: int) -> List[Tuple[int, int]]:
        """Return the places (start, size) where instances of the profile may lie."""
        count = c_uint()
        function = "nvmlDeviceGetGpuInstancePossiblePlacements_v2"
        self._call(function, c_void_p(device), c_uint(profile), None, byref(count))
        places = (_Placement * max(count.value, 1))()
        self._call(function, c_void_p(device), c_uint(profile), places, byref(count))
        return [(place.start, place.size) for place in places[: count.value]]

    def gpu_instances(self, device: int, profile: int) -> List[GpuInstanceInfo]:
        """Return the instances of one profile."""
        found = []
        for handle in self._handles("nvmlDeviceGetGpuInstances", device, profile):
            info = _GpuInstanceInfo()
            self._call("nvmlGpuInstanceGetInfo", c_void_p(handle), byref(info))
            place = info.placement
            found.append(GpuInstanceInfo(handle, info.id, info.profileId, place.start, place.size))
        return found

    def create_gpu_instance(self, device: int, profile: int, start: int, size: int) -> int:
        """Create an instance at that place and return its handle."""
        handle = c_void_p()
        place = _Placement(start, size)
        self._call(
            "nvmlDeviceCreateGpuInstanceWithPlacement",
            c_void_p(device),
            c_uint(profile),
            byref(place),
            byref(handle),
        )
        return handle.value or 0

    def destroy_gpu_instance(self, handle: int) -> None:
        """Destroy an instance that has no compute instances any more."""
        self._call("nvmlGpuInstanceDestroy", c_void_p(handle))

    def compute_instances(self, gpu_instance: int) -> List[ComputeInstanceInfo]:
        """Return the compute instances of a GPU instance, by identifier."""
        found = []
        for profile, slices in self._compute_profiles(gpu_instance):
            for handle in self._handles("nvmlGpuInstanceGetComputeInstances", gpu_instance, profile):
                info = _ComputeInstanceInfo()
                self._call("nvmlComputeInstanceGetInfo_v2", c_void_p(handle), byref(info))
                found.append(ComputeInstanceInfo(handle, info.id, slices))
        return sorted(found, key=lambda instance: instance.identifier)

    def create_compute_instance(self, gpu_instance: int, slices: int) -> None:
        """Create a compute instance of that many slices."""
        for profile, offered in self._compute_profiles(gpu_instance):
            if offered == slices:
                handle = c_void_p()
                self._call(
                    "nvmlGpuInstanceCreateComputeInstance",
                    c_void_p(gpu_instance),
                    c_uint(profile),
                    byref(handle),
                )
                return
        raise NvmlError(NOT_SUPPORTED, "nvmlGpuInstanceCreateComputeInstance", f"no {slices}-slice profile")

    def destroy_compute_instance(self, handle: int) -> None:
        """Destroy a compute instance."""
        self._call("nvmlComputeInstanceDestroy", c_void_p(handle))

    def mig_devices(self, device: int) -> List[Tuple[str, int, int]]:
        """Return (UUID, GPU instance id, compute instance id) of each MIG device of a GPU."""
        count = c_uint()
        self._call("nvmlDeviceGetMaxMigDeviceCount", c_void_p(device), byref(count))
        found = []
        for index in range(count.value):
            try:
                handle = self._handle("nvmlDeviceGetMigDeviceHandleByIndex", c_void_p(device), c_uint(index))
            except NvmlError as error:
                if error.code in (NOT_FOUND, INVALID_ARGUMENT):
                    continue
                raise
            gpu_instance, compute_instance = c_uint(), c_uint()
            self._call("nvmlDeviceGetGpuInstanceId", c_void_p(handle), byref(gpu_instance))
            self._call("nvmlDeviceGetComputeInstanceId", c_void_p(handle), byref(compute_instance))
            found.append((self.uuid(handle), gpu_instance.value, compute_instance.value))
        return found

    def _compute_profiles(self, gpu_instance: int) -> Iterator[Tuple[int, int]]:
        """Yield (profile id, slices), each number of slices once: some boards list a variant besides."""
        seen = set()
        for number in _COMPUTE_INSTANCE_PROFILES:
            info = _ComputeInstanceProfileInfo(version=_version(_ComputeInstanceProfileInfo, 2))
            function = "nvmlGpuInstanceGetComputeInstanceProfileInfoV"
            try:
                self._call(function, c_void_p(gpu_instance), c_uint(number), c_uint(0), byref(info))
            except NvmlError as error:
                if error.code in (NOT_SUPPORTED, INVALID_ARGUMENT, NOT_FOUND):
                    continue
                raise
            if info.id not in seen:
                seen.add(info.id)
                yield info.id, info.sliceCount

    def _handles(self, function: str, parent: int, profile: int) -> List[int]:
        """Call a function that fills an array of handles."""
        count = c_uint()
        handles = (c_void_p * _MOST_INSTANCES)()
        try:
            self._call(function, c_void_p(parent), c_uint(profile), handles, byref(count))
        except NvmlError as error:
            if error.code == NOT_FOUND:
                return []
            raise
        return [handle for handle in handles[: count.value] if handle]

    def _handle(self, function: str, *arguments: object) -> int:
        handle = c_void_p()
        self._call(function, *arguments, byref(handle))
        return handle.value or 0

    def _text(self, function: str, device: int, size: int) -> str:
        buffer = ctypes.create_string_buffer(size)
        self._call(function, c_void_p(device), buffer, c_uint(size))
        return buffer.value.decode()

    def _call(self, function: str, *arguments: object) -> None:
        code = getattr(self._library, function)(*arguments)
        if code != SUCCESS:
            raise NvmlError(code, function, self._library.nvmlErrorString(code).decode())


def _version(structure: type, number: int) -> int:
    """Compute the version word that versioned structures begin with (nvml.h, NVML_STRUCT_VERSION)."""
    return ctypes.sizeof(structure) | number << 24


def _profile_name(raw: bytes) -> str:
    """Take the profile's name without the words around it: `MIG 1g.5gb` is `1g.5gb`."""
    return raw.decode().rsplit(" ", maxsplit=1)[-1]
