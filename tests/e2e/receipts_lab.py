"""The servers on which receipts are tested, and what a person would do on them as root."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from .lab import STATE, Command, provision, run

A100, H100 = "receipts-a100", "receipts-h100"
HOSTS = {A100: "198.18.77.71", H100: "198.18.77.140"}
ROLES = ("nvidia_driver", "nvidia_mig", "docker_engine", "nvidia_container_toolkit")
INVENTORY = Path(__file__).with_name("receipts") / "inventory.ini"
_SPEC = INVENTORY.with_name("lab.yml")
_SNAPSHOT = INVENTORY.with_name("snapshot.py")
T = TypeVar("T")


def lab(command: str, *arguments: str) -> None:
    """Run `provision lab COMMAND … --spec FILE`, which must work."""
    done = run(sys.executable, "-m", "provision", "lab", command, *arguments, "--spec", str(_SPEC))
    assert done.code == 0, done


def fresh() -> None:
    """Have the servers as they are handed over."""
    lab("up")
    on_each(lambda host: lab("reset", host))


def provisioned() -> None:
    """Have the servers run, with everything done to them."""
    lab("up")
    up()


def on_each(do: Callable[[str], T]) -> dict[str, T]:
    """Do something on every server at the same time."""
    with ThreadPoolExecutor(len(HOSTS)) as pool:
        return dict(zip(HOSTS, pool.map(do, HOSTS), strict=True))


def product(command: str, *arguments: str, inventory: Path = INVENTORY) -> Command:
    """Run `provision COMMAND … --json` on the servers."""
    return provision(command, *arguments, "--json", inventory=inventory)


def root(host: str, script: str, *command: str) -> str:
    """Run a script on a server as root, with a shell where no program is given; return what it prints."""
    argv = ["ssh", "-F", "none", "-i", str(STATE / "id_ed25519"), "-o", "BatchMode=yes"]
    argv += ["-o", f"UserKnownHostsFile={STATE / 'known_hosts'}", f"admin@{HOSTS[host]}", "sudo"]
    argv += command or ("sh", "-s")
    done = subprocess.run(argv, input=script, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{host}: {script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def snapshot(host: str) -> Any:  # noqa: ANN401 - as the program prints it
    """Return what `receipts/snapshot.py` sees on the server."""
    return json.loads(root(host, _SNAPSHOT.read_text(), "python3", "-"))


def receipts(host: str) -> dict[str, Any]:
    """Return the receipts by role."""
    texts = root(host, "cat /var/lib/provision/receipts/*.json").replace("}{", "}\n{").splitlines()
    return {receipt["role"]: receipt for receipt in map(json.loads, texts)}


def up(*arguments: str, inventory: Path = INVENTORY) -> Command:
    """Provision the servers, which must work."""
    done = product("up", "--no-verify", *arguments, inventory=inventory)
    assert done.code == 0, done
    return done


def plan(*arguments: str, inventory: Path = INVENTORY) -> Command:
    """Ask what is to be done, which must work."""
    done = product("plan", *arguments, inventory=inventory)
    assert done.code == 0, done
    assert not [host for host in done.json["hosts"].values() if host.get("error")], done
    return done


def reasons(planned: Command) -> dict[str, dict[str, list[str]]]:
    """Return what a plan says is to be done, by server and role; what has nothing to do is left out."""
    told = {
        name: {role: each["reasons"] for role, each in host["roles"].items() if each["reasons"]}
        for name, host in planned.json["hosts"].items()
    }
    return {name: roles for name, roles in told.items() if roles}


def changes(done: Command) -> dict[str, list[tuple[str, ...]]]:
    """Return what a plan predicts, or a run has changed: (role, subject) by server, sorted, repeats left out."""
    hosts: Mapping[str, Any] = done.json["hosts"]
    return {name: sorted({tuple(each) for each in host.get("changes", [])}) for name, host in hosts.items()}


def differing(planned: Command, done: Command) -> list[str]:
    """Return what was predicted and not changed, or changed and not predicted. Nothing at all is no proof."""
    predicted, changed = changes(planned), changes(done)
    assert any(changed.values()), done
    only = {"predicted": (predicted, changed), "changed": (changed, predicted)}
    return [
        f"{host}: only {word}: {' '.join(each)}"
        for word, (these, those) in only.items()
        for host, found in these.items()
        for each in found
        if each not in those[host]
    ]
