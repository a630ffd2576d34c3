"""Compiles the doubles of the driver's libraries, programs and kernel modules, once per version and machine.

The doubles are C11 and need no symbol newer than glibc 2.36, so what is compiled here runs on Debian 12 and later.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from provision.errors import RunError, UsageError

_SOURCES = Path(__file__).with_name("native")
_COMPILER = "gcc"
_FLAGS = (
    "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-D_DEFAULT_SOURCE", "-O1", "-fPIC", "-fvisibility=hidden",
    "-Wall", "-Wextra", "-Werror", "-fno-stack-protector",
)  # fmt: skip
_STATE = ("state.c", "records.c", "clients.c", "version.c")
_MIG = ("placements.c", "instances.c", "capabilities.c")
_LIBRARY = (
    "nvml_system.c", "nvml_errors.c", "nvml_handles.c", "nvml_identity.c", "nvml_readings.c", "nvml_unsupported.c",
    "nvml_processes.c", "nvml_mode.c", "nvml_gpu_instances.c", "nvml_compute_instances.c", "nvml_mig_devices.c",
)  # fmt: skip
_SMI = (
    "smi_main.c", "smi_library.c", "smi_options.c", "smi_list.c", "smi_table.c", "smi_query.c",
    "smi_fields.c", "smi_report.c", "smi_switches.c", "smi_mig.c", "smi_mig_create.c",
    "smi_mig_list.c", "smi_reset.c",
)  # fmt: skip
_PROGRAMS: dict[str, tuple[str, ...]] = {
    "nvidia-smi": (*_SMI, *_STATE, *_MIG),
    "nvidia-persistenced": ("persistenced.c", "daemon.c", *_STATE),
    "nv-fabricmanager": ("fabricmanager.c", "daemon.c", *_STATE),
    "nvidia-modprobe": ("nvidia_modprobe.c", *_STATE),
}
_LIBRARIES: dict[str, tuple[str, ...]] = {
    "libnvidia-ml": (*_LIBRARY, *_STATE, *_MIG),
    "libcuda": ("cuda.c", *_STATE, *_MIG),
}
_MODULES = {
    "nvidia": "",
    "nvidia-modeset": "nvidia",
    "nvidia-drm": "nvidia-modeset",
    "nvidia-uvm": "nvidia",
    "nvidia-peermem": "nvidia",
}
_LICENCES = {"open": "Dual MIT/GPL", "proprietary": "NVIDIA"}
# Driver branch and the CUDA version that it reports, the newest branch not above the driver's counting.
_CUDA = (
    (450, "11.0"), (460, "11.2"), (470, "11.4"), (510, "11.6"), (515, "11.7"), (525, "12.0"), (530, "12.1"),
    (535, "12.2"), (545, "12.3"), (550, "12.4"), (555, "12.5"), (560, "12.6"), (565, "12.7"), (570, "12.8"),
    (575, "12.9"), (580, "13.0"), (590, "13.1"), (595, "13.2"), (610, "13.3"), (615, "13.4"),
)  # fmt: skip


def compile_userspace(version: str, destination: Path) -> None:
    """Put the driver's user-space doubles of one driver version into `destination`.

    Libraries are called `libnvidia-ml.so.VERSION` and `libcuda.so.VERSION`; the programs have their real names.
    Raises RunError when there is no C compiler.
    """
    definitions = (f'-DDRIVER_VERSION="{version}"', f"-DCUDA_VERSION={cuda_number(version)}")
    key = _digest("userspace", version)
    built = _cache() / key
    if not built.is_dir():
        with tempfile.TemporaryDirectory(dir=_cache()) as scratch:
            folder = Path(scratch)
            out = folder / "out"
            out.mkdir()
            _compile(_SOURCES / "version.c", folder / "version.o", definitions)
            for name, sources in _LIBRARIES.items():
                target = out / f"{name}.so.{version}"
                _link(sources, folder, target, ("-shared", f"-Wl,-soname,{name}.so.1"))
            for name, sources in _PROGRAMS.items():
                _link(sources, folder, out / name, ("-pie",))
            _publish(out, built)
    _copy(built, destination)


def compile_sample(destination: Path) -> None:
    """Put `vectorAdd` into `destination`: a CUDA program that says whether it can compute, for container images.

    It loads `libcuda.so.1` when it runs, so one file serves every driver. `vectorAdd --hold` keeps its GPU.
    """
    built = _cache() / _digest("sample", "vectorAdd")
    if not built.is_dir():
        with tempfile.TemporaryDirectory(dir=_cache()) as scratch:
            folder = Path(scratch)
            out = folder / "out"
            out.mkdir()
            _link(("vector_add.c",), folder, out / "vectorAdd", ("-pie",))
            _publish(out, built)
    _copy(built, destination)


def compile_module(version: str, flavour: str, destination: Path) -> None:
    """Put `nvidia.ko` and the modules beside it into `destination`.

    They are ELF objects of which the real modinfo and depmod read name, version, licence, aliases and dependencies.
    `flavour` is `open` or `proprietary`.
    """
    if flavour not in _LICENCES:
        raise UsageError(f"`{flavour}` is no module flavour", hint="open or proprietary")
    built = _cache() / _digest("module", version, flavour)
    if not built.is_dir():
        with tempfile.TemporaryDirectory(dir=_cache()) as scratch:
            out = Path(scratch) / "out"
            out.mkdir()
            for name, needs in _MODULES.items():
                definitions = (
                    f'-DMODULE_NAME="{name}"', f'-DMODULE_VERSION="{version}"', f'-DMODULE_DEPENDS="{needs}"',
                    f'-DMODULE_LICENSE="{_LICENCES[flavour]}"', *(("-DMODULE_HAS_DEVICES",) if not needs else ()),
                )  # fmt: skip
                _compile(_SOURCES / "module.c", out / f"{name}.ko", definitions)
            _publish(out, built)
    _copy(built, destination)


def cuda_number(version: str) -> int:
    """Return the CUDA version that a driver reports, as NVML writes it: 13010 for 13.1."""
    branch = int(version.split(".", 1)[0])
    major, minor = next((cuda for first, cuda in reversed(_CUDA) if first <= branch), "11.0").split(".")
    return int(major) * 1000 + int(minor) * 10


def _cache() -> Path:
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "provision-lab" / "native"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _digest(*parts: str) -> str:
    """Return a name for a result: it changes with every source, flag and compiler that went in."""
    digest = hashlib.sha256("\0".join((*parts, *_FLAGS, _compiler_version())).encode())
    for source in sorted(_SOURCES.glob("*.[ch]")):
        digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return f"{parts[0]}-{parts[1]}-{digest.hexdigest()[:20]}"


def _compiler_version() -> str:
    return _run((_COMPILER, "-dumpfullversion", "-dumpmachine")).strip()


def _link(sources: Sequence[str], folder: Path, target: Path, flags: Sequence[str]) -> None:
    objects = []
    for source in sources:
        compiled = folder / f"{Path(source).stem}.o"
        if not compiled.exists():
            _cached_object(_SOURCES / source, compiled)
        objects.append(str(compiled))
    _run((_COMPILER, *flags, "-o", str(target), *objects))


def _cached_object(source: Path, target: Path) -> None:
    """Compile a source that does not depend on the driver's version once for all versions."""
    digest = hashlib.sha256("\0".join((*_FLAGS, _compiler_version())).encode())
    for part in (source, *sorted(_SOURCES.glob("*.h"))):
        digest.update(part.read_bytes())
    kept = _cache() / "objects" / f"{source.stem}-{digest.hexdigest()[:20]}.o"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        _compile(source, target, ())
        # Several versions are compiled at once: each puts its own copy in place, whole.
        with tempfile.NamedTemporaryFile(dir=kept.parent, delete=False) as partial:
            partial.write(target.read_bytes())
        Path(partial.name).replace(kept)
        return
    shutil.copyfile(kept, target)


def _compile(source: Path, target: Path, definitions: Sequence[str]) -> None:
    _run((_COMPILER, *_FLAGS, *definitions, "-c", str(source), "-o", str(target)))


def _publish(out: Path, built: Path) -> None:
    """Move a finished result to its place, unless another process was first."""
    try:
        out.rename(built)
    except OSError:
        if not built.is_dir():
            raise


def _copy(built: Path, destination: Path) -> None:
    destination.mkdir(parents=True, exist_ok=True)
    for entry in built.iterdir():
        shutil.copy(entry, destination / entry.name)


def _run(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RunError(
            f"`{command[0]}` is not installed: the lab's driver doubles cannot be compiled",
            hint="install a C compiler: apt-get install gcc libc6-dev",
        ) from None
    if done.returncode != 0:
        raise RunError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout
