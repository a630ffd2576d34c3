"""The same servers by pyinfra: repositories, packages and holds, files, units, daemon.json, kernel module.

Written as its documentation advises: one operation a package list, facts only where an operation needs them.
What pyinfra has no operation for, holds and keys within a JSON file, has one here that asks one fact.
"""

import base64
import json
import os
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path

from pyinfra import host
from pyinfra.api import operation
from pyinfra.api.command import FileUploadCommand, StringCommand
from pyinfra.facts.files import File, FileContents
from pyinfra.facts.server import Command
from pyinfra.operations import apt, files, server, systemd

WANTED = json.loads(Path(os.environ["PROVISION_BENCH"]).read_text())["desired"]
BEFORE_PACKAGES = ("/etc/apt/", "/etc/modprobe.d/")


@operation()
def held(packages: list[str]) -> Iterator[StringCommand]:
    """Hold packages."""
    found = (host.get_fact(Command, command="apt-mark showhold") or "").split()
    missing = [name for name in packages if name not in found]
    if missing:
        yield StringCommand("apt-mark", "hold", *missing)


@operation()
def json_keys(path: str, settings: dict[str, object]) -> Iterator[FileUploadCommand]:
    """Merge keys into a JSON file."""
    now = json.loads("\n".join(host.get_fact(FileContents, path=path) or ["{}"]))
    wanted = merged(now, settings)
    if wanted != now:
        text = StringIO(json.dumps(wanted, indent=4) + "\n")
        yield FileUploadCommand(text, path, remote_temp_filename=host.get_temp_filename(path))


@operation()
def module_version(module: str, version: str) -> Iterator[StringCommand]:
    """Have that version of a kernel module loaded."""
    loaded = host.get_fact(Command, command=f"cat /sys/module/{module}/version || true")
    if loaded != version:
        yield StringCommand("modprobe", "--remove", module, "||", "true")
        yield StringCommand("modprobe", module)


@operation()
def cdi_specification(path: str) -> Iterator[StringCommand]:
    """Have the GPUs described to container engines."""
    if not host.get_fact(File, path=path):
        yield StringCommand("nvidia-ctk", "cdi", "generate", f"--output={path}")


def merged(now: dict[str, object], settings: dict[str, object]) -> dict[str, object]:
    """Return the document with the settings in it."""
    result = dict(now)
    for key, value in settings.items():
        inner = result.get(key)
        result[key] = merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return result


def put(path: str) -> None:
    """Have a file with its content, owner and mode."""
    about = WANTED["files"][path]
    files.put(
        name=f"Write {path}",
        src=BytesIO(base64.b64decode(about["content"])),
        dest=path,
        user=about["owner"],
        group=about["group"],
        mode=about["mode"],
    )


for path in WANTED["absent"]:
    files.file(name=f"Remove {path}", path=path, present=False)
for path in WANTED["files"]:
    if path.startswith(BEFORE_PACKAGES):
        put(path)
apt.packages(name="Remove packages", packages=WANTED["packages_absent"], present=False)
apt.packages(name="Install packages", packages=WANTED["packages"], no_recommends=True)
held(name="Hold packages", packages=WANTED["holds"])
for path in WANTED["files"]:
    if not path.startswith(BEFORE_PACKAGES):
        put(path)
for module in WANTED["kernel_modules_absent"]:
    server.modprobe(name=f"Unload {module}", module=module, present=False)
for module, version in WANTED["kernel_modules"].items():
    module_version(name=f"Load {module} {version}", module=module, version=version)
for path, settings in WANTED["json_keys"].items():
    json_keys(name=f"Set keys of {path}", path=path, settings=settings)
for group, members in WANTED["groups"].items():
    for member, wanted in members.items():
        if wanted:
            server.user(
                name=f"Put {member} in {group}", user=member, groups=[group], append=True, ensure_home=False
            )
for unit, active in WANTED["units"].items():
    systemd.service(name=f"Run {unit}", service=unit, running=active or None, enabled=True)
for path in WANTED["cdi"]:
    cdi_specification(name=f"Describe the GPUs in {path}", path=path)
