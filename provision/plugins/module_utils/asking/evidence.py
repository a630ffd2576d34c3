"""Everything that the checks of `provision verify` judge, measured in one go.

It judges nothing, and uses nothing that a role uses: what a role overlooks must be seen here.
"""

import glob
import json
import os
import re
import subprocess
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .answer import tell

Result = Dict[str, Any]

NVIDIA = "0x10de"
DISPLAY = "03"
UNITS = (
    "nvidia-persistenced.service",
    "nvidia-fabricmanager.service",
    "provision-mig.service",
    "docker.service",
)
QUERY = "uuid,pci.bus_id,persistence_mode,mig.mode.current,driver_version"
LOOK = "echo started; for node in /dev/nvidia[0-9]*; do [ -e $node ] && echo $node; done; nvidia-smi -L"


def main() -> None:
    """Print the evidence."""
    tell(evidence)


def evidence(
    image: Optional[str], pull: float, users: Sequence[str], default_runtime: bool, root: str = ""
) -> Dict[str, Any]:
    """Return what was seen, as JSON-like values.

    `image` is for the containers, `pull` how many seconds to wait for it; `users` are to reach Docker;
    `default_runtime` tells whether it is NVIDIA's; `root` is the folder that stands for `/`.

    The evidence: `kernel`; `pci`, NVIDIA's functions on the bus as `{address, id, class}`; `nvlink5`, whether an
    InfiniBand device is the manager of NVLink switches; `files`, text by path; `commands`, by name
    `{argv, rc, stdout, stderr}`, where rc is None for a program that does not exist or did not end in time.
    """
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    os.environ["PATH"] = ":".join(root + each for each in system.split(":"))
    os.environ["LC_ALL"] = "C"
    pci = pci_devices(root)
    seen = {"kernel": os.uname().release, "pci": pci, "nvlink5": False, "files": {}, "commands": {}}
    if not any(device["class"].startswith(DISPLAY) for device in pci):
        return seen
    done = commands(root)
    if done["docker_version"]["rc"] == 0 and image is not None:
        done.update(containers(image, pull, default_runtime, done))
    done.update(reached(users))
    return {**seen, "nvlink5": nvlink5(root), "files": files(root), "commands": done}


def pci_devices(root: str) -> List[Dict[str, str]]:
    """Return NVIDIA's functions on the PCI bus."""
    devices = []
    for path in sorted(glob.glob(root + "/sys/bus/pci/devices/*")):
        if read(path + "/vendor").strip() == NVIDIA:
            device = read(path + "/device").strip()[2:]
            kind = read(path + "/class").strip()[2:]
            devices.append({"address": os.path.basename(path), "id": "10de:" + device, "class": kind})
    return devices


def nvlink5(root: str) -> bool:
    """Tell whether an InfiniBand device manages NVLink 5 switches: its vital product data says SW_MNG."""
    return any("SW_MNG" in read(path) for path in glob.glob(root + "/sys/class/infiniband/*/device/vpd"))


def files(root: str) -> Dict[str, str]:
    """Return the text of the files that checks read; a file that is not there is not in the answer."""
    patterns = [
        "/sys/module/nvidia/version",
        "/sys/module/nouveau/refcnt",
        "/proc/driver/nvidia/version",
        "/proc/sys/kernel/random/boot_id",
        "/etc/docker/daemon.json",
        "/etc/provision/mig.json",
        "/run/provision/mig.json",
        "/etc/cdi/*",
        "/var/run/cdi/*",
    ]
    paths = [path for pattern in patterns for path in sorted(glob.glob(root + pattern))]
    return {path[len(root) :]: read(path) for path in paths if os.path.isfile(path)}


def commands(root: str) -> Dict[str, Result]:
    """Run the commands that start no container."""
    done = {
        "nvidia_smi": run(["nvidia-smi", "--query-gpu=" + QUERY, "--format=csv,noheader"]),
        "nvidia_smi_list": run(["nvidia-smi", "-L"]),
        "nvidia_smi_full": run(["nvidia-smi", "-q"]),
        "modinfo": run(["modinfo", "-F", "version", "nvidia"]),
        "ldconfig": run(["ldconfig", "-p"]),
        "dmesg": tail(run(["dmesg"]), ("NVRM", "nvidia", "nouveau")),
        "docker_info": run(["docker", "info", "--format", "{{json .}}"]),
        "docker_version": run(["docker", "version", "--format", "{{.Server.Version}}"]),
        "cdi_list": run(["nvidia-ctk", "cdi", "list"]),
    }
    done["library"] = library(root, done["ldconfig"])
    done["ldconfig"]["stdout"] = ""
    for unit in UNITS:
        name = unit.split(".")[0]
        properties = "--property=LoadState,ActiveState,SubState,UnitFileState"
        done[name] = run(["systemctl", "show", unit, properties])
        done[name + "_journal"] = run(["journalctl", "--unit", unit, "--lines", "20", "--no-pager"])
    done.update(packages(root))
    return done


def reached(users: Sequence[str]) -> Dict[str, Result]:
    """Tell of each user whether Docker is in reach."""
    done = {}
    for user in users:
        done["groups_" + user] = run(["id", "-nG", user])
        done["docker_as_" + user] = run(["runuser", "-u", user, "--", "docker", "version"])
    return done


def packages(root: str) -> Dict[str, Result]:
    """Return what is installed and what is held, in the words of the host's package manager."""
    if os.path.exists(root + "/usr/bin/dpkg-query"):
        query = ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package} ${Version}\\n"]
        return {"packages": interesting(run(query)), "held": run(["apt-mark", "showhold"])}
    query = ["rpm", "--query", "--all", "--queryformat", "installed %{NAME} %{VERSION}-%{RELEASE}\\n"]
    return {"packages": interesting(run(query)), "held": run(["dnf", "-q", "versionlock", "list"])}


def containers(
    image: str, pull: float, default_runtime: bool, seen: Mapping[str, Result]
) -> Dict[str, Result]:
    """Start containers as a user would: through the default runtime, through CDI, and asking for nothing.

    Where there are MIG devices, one more is given the last of them alone.
    """
    done = {"image": run(["docker", "image", "inspect", "--format", "{{.Id}}", image])}
    if done["image"]["rc"] != 0:
        done["pull"] = run(["docker", "pull", "--quiet", image], timeout=pull)
        if done["pull"]["rc"] != 0:
            return done
    start = ["docker", "run", "--rm", "--network", "none", "--entrypoint"]
    every = ["--env", "NVIDIA_VISIBLE_DEVICES=all", "--env", "NVIDIA_DRIVER_CAPABILITIES=utility"]
    runtime = [] if default_runtime else ["--runtime", "nvidia"]
    done["container"] = run([*start, "nvidia-smi", *runtime, *every, image, "-L"], timeout=180)
    if cdi_enabled(seen["docker_info"]):
        device = ["--runtime", "runc", "--device", "nvidia.com/gpu=all"]
        done["container_cdi"] = run([*start, "nvidia-smi", *device, image, "-L"], timeout=180)
    nothing = ["--env", "NVIDIA_VISIBLE_DEVICES=void"]
    done["container_void"] = run([*start, "sh", *nothing, image, "-c", LOOK], timeout=180)
    devices = re.findall(r"UUID: (MIG-[^)]+)", seen["nvidia_smi_list"]["stdout"])
    if devices:
        one = [*every, "--env", "NVIDIA_VISIBLE_DEVICES=" + devices[-1]]
        done["container_mig"] = run([*start, "nvidia-smi", *runtime, *one, image, "-L"], timeout=180)
    return done


def cdi_enabled(info: Result) -> bool:
    """Tell whether the engine injects CDI devices: since version 25 it says where it looks for them."""
    try:
        return bool(json.loads(info["stdout"]).get("CDISpecDirs"))
    except (ValueError, AttributeError):
        return False


def library(root: str, ldconfig: Result) -> Result:
    """Return the file behind libnvidia-ml.so.1, which carries the version of the user-space driver."""
    for line in ldconfig["stdout"].splitlines():
        name, _, path = line.strip().partition(" => ")
        if name.startswith("libnvidia-ml.so.1 ") and ("x86-64" in name or "AArch64" in name):
            return {
                "argv": ["ldconfig", "-p"],
                "rc": 0,
                "stdout": os.path.realpath(root + path),
                "stderr": "",
            }
    return {"argv": ["ldconfig", "-p"], "rc": 1, "stdout": "", "stderr": "no libnvidia-ml.so.1 in the cache"}


def interesting(result: Result) -> Result:
    """Keep the packages that could belong to the driver or the toolkit."""
    words = ("nvidia", "cuda", "nvlsm", "nvsdm")
    lines = [line for line in result["stdout"].splitlines() if any(word in line for word in words)]
    return dict(result, stdout="\n".join(lines))


def tail(result: Result, words: Sequence[str]) -> Result:
    """Keep the last lines that hold one of the words."""
    lines = [line for line in result["stdout"].splitlines() if any(word in line for word in words)]
    return dict(result, stdout="\n".join(lines[-20:]))


def run(argv: List[str], timeout: float = 60) -> Result:
    """Run a program without input."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError:
        return {"argv": argv, "rc": None, "stdout": "", "stderr": "no such program"}
    except subprocess.TimeoutExpired:
        return {"argv": argv, "rc": None, "stdout": "", "stderr": "no answer in %d s" % timeout}
    out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
    return {"argv": argv, "rc": done.returncode, "stdout": out, "stderr": err}


def read(path: str) -> str:
    """Return the text of a file, empty where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
