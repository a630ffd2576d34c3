"""Everything that a compiler makes for the packages, in the layout of `contents.Binaries`."""

import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from provision.errors import RunError
from provision.lab import hardware
from provision.lab.packages.catalogue import Package
from provision.lab.packages.contents import Binaries


def compile_for(packages: list[Package], directory: Path) -> Binaries:
    """Compile what the packages install into `directory`, on all processors."""
    binaries = Binaries(directory)
    wanted = {
        (item.source, package.version if item.source in {"built", "module"} else "", item.value)
        for package in packages
        for item in package.items
    }
    versions = {version for source, version, _ in wanted if source == "built"}
    modules = {(version, flavour) for source, version, flavour in wanted if source == "module"}
    stubs = {soname for source, _, soname in wanted if source == "stub"}
    work: list[Callable[[], None]] = [
        *(_userspace(version, binaries.userspace(version)) for version in sorted(versions)),
        *(
            _module(version, flavour, binaries.module(version, flavour))
            for version, flavour in sorted(modules)
        ),
        *(_stub(soname, binaries.stub(soname)) for soname in sorted(stubs)),
    ]
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(job) for job in work]:
            done.result()
    return binaries


def _userspace(version: str, destination: Path) -> Callable[[], None]:
    def job() -> None:
        destination.mkdir(parents=True)
        hardware.compile_userspace(version, destination)

    return job


def _module(version: str, flavour: str, destination: Path) -> Callable[[], None]:
    def job() -> None:
        destination.mkdir(parents=True)
        hardware.compile_module(version, flavour, destination)

    return job


def _stub(soname: str, destination: Path) -> Callable[[], None]:
    """An empty library under its SONAME, so that ldconfig keeps the link that the package ships."""

    def job() -> None:
        destination.parent.mkdir(parents=True, exist_ok=True)
        command = [
            "gcc",
            "-shared",
            "-nostdlib",
            f"-Wl,-soname,{soname}",
            "-o",
            str(destination),
            "-xc",
            "/dev/null",
        ]
        try:
            subprocess.run(command, capture_output=True, check=True)
        except FileNotFoundError as error:
            raise RunError("`gcc` is not installed", hint="apt-get install gcc libc6-dev") from error
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode(errors="replace").strip()
            raise RunError(f"`gcc` could not make `{soname}`: {reason}") from error

    return job
