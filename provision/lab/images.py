"""Root file systems of the servers: built by mmdebstrap, kept as Docker images named by their recipe."""

import hashlib
import io
import json
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from provision.errors import RunError
from provision.lab import apt, programs
from provision.lab.machine import Machine
from provision.lab.spec import Image, Server
from provision.lab.state import LABEL, State

USER = "admin"
"""The account of every server: may use sudo without a password, takes the lab's SSH key."""

FIRST_PROCESS = Path(__file__).with_name("first_process.sh")
CUSTOMIZE = Path(__file__).with_name("customize_image.sh")


@dataclass(frozen=True)
class Recipe:
    """All that decides what is in an image: the same recipe is the same image."""

    suite: str
    sources: tuple[str, ...]
    components: tuple[str, ...]
    packages: tuple[str, ...]
    apt_options: tuple[tuple[str, str], ...]
    kernel: str
    first_process: str
    customize: str

    @property
    def digest(self) -> str:
        """Return what names the image: twelve hexadecimal digits."""
        return _digest(asdict(self))

    def argv(self, customize: Path, apt_conf: Path) -> list[str]:
        """Return the mmdebstrap command that writes the root file system to stdout as tar."""
        command = [
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=minbase",
            f"--include={','.join(self.packages)}",
            f"--components={','.join(self.components)}",
            f"--aptopt={apt_conf}",
            # Like a server that has been installed some time ago, it knows what its mirror has.
            "--skip=cleanup/apt/lists",
            f"--customize-hook={customize}",
            self.suite,
            "-",
        ]
        return [*command, *self.sources]


def recipe(image: Image, kernel: str) -> Recipe:
    """Write the recipe of an image for this machine."""
    codename = apt.debian_codename(Path("/etc/os-release").read_text())
    return Recipe(
        suite=image.suite,
        sources=tuple(apt.lines_for(image.suite, image.components, apt.machine_sources(), codename)),
        components=image.components,
        packages=image.packages,
        apt_options=tuple(sorted(apt.machine_options().items())),
        kernel=kernel,
        first_process=FIRST_PROCESS.read_text(),
        customize=CUSTOMIZE.read_text(),
    )


def build_all(servers: Sequence[Server], machine: Machine, state: State) -> Mapping[str, str]:
    """Build every image that the servers need and that is not there yet; return server name → image.

    The releases are built at the same time, then what single servers have beyond them.
    """
    releases = {server.image.name: server.image for server in servers}
    with ThreadPoolExecutor() as pool:
        built = dict(
            zip(releases, pool.map(lambda image: _build(image, machine), releases.values()), strict=True)
        )
        named = list(pool.map(lambda server: _extend(built[server.image.name], server, state), servers))
    for image in set(named) - set(built.values()):
        _forget_older(image)
    return {server.name: image for server, image in zip(servers, named, strict=True)}


def remove_all() -> None:
    """Remove every image that a lab has built and that no container uses."""
    for image in sorted(set(programs.docker("images", "--quiet", "--filter", f"label={LABEL}").split())):
        programs.docker_answers("rmi", "--force", image)


def copy_of(container: str, server: str) -> str:
    """Keep what a server has become as an image; return its name. Copies that nothing uses are removed."""
    name = f"provision-lab/{server}-copy"
    stamp = str(time.time_ns())
    programs.docker("commit", "--change", f"LABEL {LABEL}=image", container, f"{name}:{stamp}")
    _forget_older(f"{name}:{stamp}")
    return f"{name}:{stamp}"


def _build(image: Image, machine: Machine) -> str:
    written = recipe(image, machine.kernel)
    name = f"provision-lab/{image.name}:{written.digest}"
    if programs.docker_answers("image", "inspect", name) is not None:
        return name
    with tempfile.TemporaryDirectory(prefix="provision-lab-") as directory:
        scratch = Path(directory)
        apt_conf = scratch / "apt.conf"
        apt_conf.write_text("".join(f'{option} "{value}";\n' for option, value in written.apt_options))
        customize = scratch / "customize"
        customize.write_text(written.customize.replace("@KERNEL@", written.kernel).replace("@USER@", USER))
        customize.chmod(0o755)
        (scratch / "init").write_text(written.first_process)
        _import(written.argv(customize, apt_conf), name, scratch / "mmdebstrap.log")
    return name


def _forget_older(image: str) -> None:
    """Remove former builds of a server's own image; one that it still runs refuses, and stays."""
    repository, tag = image.split(":")
    for other in programs.docker("images", "--format", "{{.Tag}}", repository).split():
        if other not in (tag, "<none>"):
            programs.docker_answers("rmi", f"{repository}:{other}")


def _import(argv: Sequence[str], name: str, log: Path) -> None:
    labels = ("--change", f"LABEL {LABEL}=image", "--change", 'CMD ["/usr/lib/lab/init"]')
    with log.open("wb") as output:
        maker = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=output)
        done = subprocess.run(
            ("docker", "import", *labels, "-", name), stdin=maker.stdout, capture_output=True, check=False
        )
        assert maker.stdout is not None
        maker.stdout.close()
    if maker.wait() != 0:
        programs.docker_answers("rmi", name)
        lines = [
            line for line in log.read_text(errors="replace").splitlines() if line.startswith(("E:", "W:"))
        ]
        raise RunError(
            f"mmdebstrap could not build {name}: {lines[-1] if lines else 'no reason given'}",
            hint="is the mirror of /etc/apt reachable, and does it have this release?",
        )
    if done.returncode != 0:
        raise RunError(f"docker import of {name} failed: {done.stderr.decode(errors='replace').strip()}")


def _extend(base: str, server: Server, state: State) -> str:
    """Install what one server has beyond its release, and keep the result as an image of its own."""
    debs = sorted(path for pattern in server.debs for path in state.www.glob(pattern))
    if not server.packages and not debs:
        return base
    digest = _digest([base, server.packages, [hashlib.sha256(deb.read_bytes()).hexdigest() for deb in debs]])
    name = f"provision-lab/{server.name}:{digest}"
    if programs.docker_answers("image", "inspect", name) is not None:
        return name
    packages = [*server.packages, *(f"/root/debs/{deb.name}" for deb in debs)]
    script = (
        "set -e; export DEBIAN_FRONTEND=noninteractive\n"
        "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d\n"
        'apt-get -qq update; apt-get -qq install --no-install-recommends "$@"\n'
        "rm -rf /usr/sbin/policy-rc.d /root/debs /var/cache/apt/archives/*.deb\n"
    )
    container = programs.docker("create", base, "sh", "-c", script, "sh", *packages).strip()
    try:
        programs.docker("cp", "-", f"{container}:/root", stdin=_tar(debs))
        programs.docker("start", "--attach", container)
        programs.docker("commit", "--change", 'CMD ["/usr/lib/lab/init"]', container, name)
    finally:
        programs.docker_answers("rm", "--force", "--volumes", container)
    return name


def _tar(files: Sequence[Path]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in files:
            archive.add(path, f"debs/{path.name}")
    return buffer.getvalue()


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]
