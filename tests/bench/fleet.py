"""The hosts that are measured: one server provisioned by `provision up`, the others copies of it."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from provision import lab
from provision.lab.inventory_file import connection
from provision.lab.servers import container
from provision.lab.spec import DEFAULT
from provision.lab.state import GATEWAY, PORT, default
from tests.bench.errors import BenchError

LARGEST = 51
_FIRST_ADDRESS = 80
_REPOSITORIES = f"http://{GATEWAY}:{PORT}"

Say = Callable[[str], None]


def names(count: int) -> list[str]:
    """Return the names of that many hosts."""
    return [f"bench{number:02}" for number in range(1, count + 1)]


def address(name: str) -> str:
    """Return the address of a host."""
    return f"198.18.77.{_FIRST_ADDRESS - 1 + int(name.removeprefix('bench'))}"


def spec(count: int) -> dict[str, object]:
    """Return the lab file of servers that are all alike: 8 H200 on NVSwitch each, Debian 12."""
    image = yaml.safe_load(DEFAULT.read_text())["images"]["debian-12"]
    server = {
        "image": "debian-12",
        "groups": ["gpu"],
        # One identity for all: a copy has the GPUs that its receipts speak of.
        "hardware": {"gpus": {"h200-sxm-141gb": 8}, "nvswitches": 4, "identity": "bench"},
    }
    return {
        "name": "bench",
        "images": {"debian-12": image},
        "servers": {name: {"address": address(name), **server} for name in names(count)},
    }


def inventory(count: int) -> dict[str, object]:
    """Return the inventory of the first hosts: exact versions, so that every tool can name them."""
    key = str(default().repo_key)
    return {
        "all": {
            "hosts": {name: {"ansible_host": address(name)} for name in names(count)},
            "vars": {
                **connection(default()),
                "nvidia_driver_version": "580.178.04",
                "nvidia_driver_repo_url": f"{_REPOSITORIES}/nvidia-driver/debian12/x86_64/",
                "nvidia_driver_repo_key": key,
                "docker_engine_source": "distro",
                "docker_engine_users": ["admin"],
                "docker_engine_options": {"insecure-registries": [f"{GATEWAY}:{PORT}"]},
                "nvidia_container_toolkit_version": "1.20.1",
                "nvidia_container_toolkit_repo_url": f"{_REPOSITORIES}/nvidia-container-toolkit/deb/amd64/",
                "nvidia_container_toolkit_repo_key": key,
                "nvidia_container_toolkit_test_image": f"{GATEWAY}:{PORT}/cuda:base",
            },
        }
    }


@dataclass(frozen=True)
class Hosts:
    """That many hosts of the lab, and the files that describe them."""

    folder: Path
    count: int
    provision: Path
    """The program `provision`."""

    @property
    def names(self) -> list[str]:
        """Return the names of the hosts."""
        return names(self.count)

    @property
    def spec(self) -> Path:
        """Return the lab file, the same for every number of hosts."""
        return self.folder / "lab.yml"

    @property
    def inventory(self) -> Path:
        """Return the inventory of these hosts."""
        return self.folder / str(self.count) / "inventory.yml"

    def write(self) -> None:
        """Write the files."""
        self.inventory.parent.mkdir(parents=True, exist_ok=True)
        self.inventory.write_text(yaml.safe_dump(inventory(self.count), sort_keys=False))
        self.spec.write_text(yaml.safe_dump(spec(LARGEST), sort_keys=False))

    def build(self, say: Say) -> None:
        """Have every host run and be converged. Raises BenchError where one does not get there."""
        first, *others = self.names
        say(f"starting and provisioning {first}")
        lab.up([first], spec_file=self.spec)
        self._up("--limit", first)
        running = {server.name for server in lab.status(spec_file=self.spec) if server.state == "running"}
        absent = [name for name in others if name not in running]
        if absent:
            say(f"copying it {len(absent)} times")
            lab.clone(first, absent, spec_file=self.spec)
        # What a copy has of its own, and what was measured before, is set right once.
        self._up()
        self.require_converged()

    def require_converged(self) -> None:
        """Raise BenchError unless there is nothing to do on any host."""
        self._product("plan", "--exit-code")

    def reset(self, cores: float | None) -> None:
        """Replace every host by a fresh one, each with that much of a core and no more where a number is given."""
        lab.down(self.names, spec_file=self.spec)
        lab.up(self.names, spec_file=self.spec)
        if cores is not None:
            _run(["docker", "update", f"--cpus={cores}", *map(container, self.names)])

    def remove(self) -> None:
        """Remove every host of the benchmark."""
        lab.down(spec_file=self.spec)

    def root(self, name: str, command: str) -> bytes:
        """Return what a shell line prints as root on a host. Raises BenchError."""
        return _run([*ssh(), f"admin@{address(name)}", "sudo", "-n", "sh", "-c", f"'{command}'"])

    def _up(self, *arguments: str) -> None:
        self._product("up", "--yes", "--no-verify", *arguments)

    def _product(self, command: str, *arguments: str) -> None:
        _run([str(self.provision), command, "--inventory", str(self.inventory), *arguments])


def ssh() -> list[str]:
    """Return the start of an `ssh` command that reaches hosts of the lab, and nothing of the user's own."""
    state = default()
    options = [f"UserKnownHostsFile={state.known_hosts}", "StrictHostKeyChecking=yes", "BatchMode=yes"]
    return ["ssh", "-F", "none", "-i", str(state.key), *(word for each in options for word in ("-o", each))]


def _run(argv: list[str]) -> bytes:
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        told = (done.stdout + done.stderr).decode(errors="replace")
        raise BenchError(f"`{' '.join(argv)}` ended with {done.returncode}:\n{told}")
    return done.stdout
