"""All that a probe asks of a host, in one process: what it is, what runs on it, how its receipts stand.

Needs root for receipts and for other users' processes. Nothing on the host is changed or started; a Docker engine
that is stopped stays stopped.
"""

import os
import re
import sys
from typing import Any, Dict, Iterable, List, Mapping, Optional

from ..containers.engine import is_running
from ..gpus import driver
from ..gpus.holders import Holders, look, workloads
from ..gpus.pci import gpus
from ..host import os_release, secure_boot
from ..host.machine import Machine
from ..packages.installed import packages
from ..packages.versions import upstream
from ..receipts.kinds import units
from ..receipts.reasons import as_json
from ..receipts.resources import ResourcesError, compare, measure
from ..receipts.store import load
from .answer import SCHEMA, tell

_DOCKER_PACKAGES = ("docker-ce", "docker.io", "moby-engine", "docker")
_TOOLKIT_PACKAGE = "nvidia-container-toolkit"
_INFINIBAND = "/sys/class/infiniband"


def survey(machine: Optional[Machine] = None, holders: Optional[Holders] = None) -> Dict[str, Any]:
    """Return what the controller's `Observed` holds, as JSON-like values.

    `holders` is who holds the GPUs, where that was asked already.
    """
    machine = machine or Machine()
    release = os_release.read(machine)
    versions = packages(machine, (*_DOCKER_PACKAGES, _TOOLKIT_PACKAGE))
    return {
        "schema": SCHEMA,
        "os": release.name,
        "distribution": release.id,
        "major": release.version.split(".")[0],
        "kernel": driver.kernel_release(machine),
        "architecture": os.uname().machine,
        "python": "{}.{}.{}".format(*sys.version_info[:3]),
        "gpus": _gpus(machine),
        "driver": driver.kernel_module(machine, "nvidia"),
        "nouveau_loaded": machine.exists("/sys/module/nouveau"),
        "docker": _upstream(versions, _DOCKER_PACKAGES),
        "docker_running": is_running(machine),
        "toolkit": _upstream(versions, [_TOOLKIT_PACKAGE]),
        "secure_boot": secure_boot.is_on(machine),
        "workloads": workloads(holders or look(machine)),
        "infiniband": _infiniband(machine),
        "receipts": _receipts(machine),
    }


def _upstream(versions: Mapping[str, Mapping[str, Any]], packages: Iterable[str]) -> Optional[str]:
    """Return the upstream version of the first of the packages that is installed."""
    installed = (versions[name]["version"] for name in packages)
    return next((upstream(version) for version in installed if version is not None), None)


def _gpus(machine: Machine) -> List[Dict[str, Any]]:
    """Return the GPUs. Names and uuids come from the driver's own files: no program is started for them."""
    found = []
    for address, device in sorted(gpus(machine).items()):
        about = driver.information(machine, address)
        found.append(
            {
                "pci": address,
                "id": device,
                "name": about.name,
                "uuid": about.uuid,
                "partitioned": bool(
                    machine.names("/proc/driver/nvidia/capabilities/gpu{}/mig".format(about.minor))
                ),
            }
        )
    if any(gpu["partitioned"] or gpu["name"] is None or gpu["uuid"] is None for gpu in found):
        _ask_driver(machine, found)
    return [{key: value for key, value in gpu.items() if key != "partitioned"} for gpu in found]


def _ask_driver(machine: Machine, found: List[Dict[str, Any]]) -> None:
    """Fill in what only nvidia-smi knows: MIG devices, and the uuid of a GPU that nothing has used yet."""
    if not machine.exists("/sys/module/nvidia"):
        return
    columns = "pci.bus_id,name,uuid"
    _, table = machine.run(["nvidia-smi", "--query-gpu=" + columns, "--format=csv,noheader"])
    by_address = {gpu["pci"]: gpu for gpu in found}
    for line in table.splitlines():
        fields = [field.strip() for field in line.split(",")]
        # nvidia-smi writes the domain with eight digits and in capitals: 00000000:18:00.0
        gpu = by_address.get(fields[0].lower()[-12:]) if len(fields) == 3 else None
        if gpu is not None:
            gpu["name"], gpu["uuid"] = fields[1], fields[2]
    if any(gpu["partitioned"] for gpu in found):
        _, listing = machine.run(["nvidia-smi", "-L"])
        devices = parse_mig(listing)
        for gpu in found:
            gpu["mig"] = devices.get(gpu["uuid"], [])


def parse_mig(listing: str) -> Dict[str, List[str]]:
    """Read `nvidia-smi -L`: the profile of every MIG device, by the uuid of its GPU."""
    found: Dict[str, List[str]] = {}
    uuid = ""
    for line in listing.splitlines():
        gpu = re.match(r"GPU \d+: .*\(UUID: (GPU-[^)]+)\)", line)
        device = re.match(r"\s+MIG (\S+)\s+Device", line)
        if gpu:
            uuid = gpu.group(1)
        elif device:
            found.setdefault(uuid, []).append(device.group(1))
    return found


def _infiniband(machine: Machine) -> List[Dict[str, str]]:
    found = []
    for device in machine.names(_INFINIBAND):
        for port in machine.names("{}/{}/ports".format(_INFINIBAND, device)):
            folder = "{}/{}/ports/{}".format(_INFINIBAND, device, port)
            state = (machine.read(folder + "/state") or "").split(":")[-1].strip()
            rate = (machine.read(folder + "/rate") or "").strip()
            found.append({"device": device, "port": port, "state": state, "rate": rate})
    return found


def _receipts(machine: Machine) -> Dict[str, Any]:
    found = {}
    receipts = load(machine.path("/var/lib/provision/receipts"))
    # systemctl is asked once for all: starting it is the dearest part of a survey.
    names = {name for receipt in receipts.values() for name in _units(receipt)}
    known = units.measure(machine, names) if names else {}
    for role, receipt in receipts.items():
        try:
            differences = compare(receipt, measure(receipt["resources"], machine, known))
        except (ResourcesError, AttributeError, KeyError, TypeError):
            continue  # written by hand, or by another version of this code: it counts as none
        found[role] = {"inputs": receipt["inputs"], "differences": [as_json(each) for each in differences]}
    return found


def _units(receipt: Mapping[str, Any]) -> List[str]:
    """Return the units of a receipt; none of one that is malformed, which will be found when it is measured."""
    resources = receipt.get("resources")
    names = resources.get("units") if isinstance(resources, dict) else None
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def main() -> None:
    """Print the survey."""
    tell(survey)
