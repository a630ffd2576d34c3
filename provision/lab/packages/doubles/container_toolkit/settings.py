"""/etc/nvidia-container-runtime/config.toml: the defaults, reading, and `nvidia-ctk config --set`."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

DEFAULT_PATH = "/etc/nvidia-container-runtime/config.toml"

DEFAULTS = """\
#accept-nvidia-visible-devices-as-volume-mounts = false
#accept-nvidia-visible-devices-envvar-when-unprivileged = true
disable-require = false
supported-driver-capabilities = "compat32,compute,display,graphics,ngx,utility,video"
#swarm-resource = "DOCKER_RESOURCE_GPU"

[nvidia-container-cli]
#debug = "/var/log/nvidia-container-toolkit.log"
environment = []
#ldcache = "/etc/ld.so.cache"
ldconfig = "@/sbin/ldconfig"
load-kmods = true
#no-cgroups = false
#path = "/usr/bin/nvidia-container-cli"
#root = "/run/nvidia/driver"
#user = "root:video"

[nvidia-container-runtime]
#debug = "/var/log/nvidia-container-runtime.log"
log-level = "info"
mode = "auto"
runtimes = ["runc", "crun"]

[nvidia-container-runtime.modes]

[nvidia-container-runtime.modes.cdi]
annotation-prefixes = ["cdi.k8s.io/"]
default-kind = "nvidia.com/gpu"
spec-dirs = ["/etc/cdi", "/var/run/cdi"]

[nvidia-container-runtime.modes.csv]
mount-spec-path = "/etc/nvidia-container-runtime/host-files-for-container.d"

[nvidia-container-runtime.modes.legacy]
cuda-compat-mode = "ldconfig"

[nvidia-container-runtime-hook]
path = "nvidia-container-runtime-hook"
skip-mode-detection = false

[nvidia-ctk]
path = "nvidia-ctk"
"""

_LINE = re.compile(r"^(#?)([A-Za-z0-9-]+) = (.*)$")
_FEATURES = "features."


class SettingsError(Exception):
    """A key that does not exist, or a file that is no TOML."""


@dataclass(frozen=True)
class Settings:
    """What the runtime and the hook look at."""

    mode: str = "auto"
    runtimes: tuple[str, ...] = ("runc", "crun")
    spec_dirs: tuple[str, ...] = ("/etc/cdi", "/var/run/cdi")
    default_kind: str = "nvidia.com/gpu"
    unprivileged_may_ask: bool = True
    no_cgroups: bool = False


def path() -> str:
    """Return the file that is in force."""
    return os.environ.get("NVIDIA_CTK_CONFIG_FILE_PATH", DEFAULT_PATH)


def load() -> Settings:
    """Return the settings in force, the defaults where there is no file. Raises SettingsError."""
    file = Path(path())
    return parse(file.read_text() if file.exists() else DEFAULTS)


def parse(text: str) -> Settings:
    """Return the settings that the text of config.toml holds. Raises SettingsError."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"unable to load config: {error}") from error
    runtime = document.get("nvidia-container-runtime", {})
    cdi = runtime.get("modes", {}).get("cdi", {})
    standard = Settings()
    return Settings(
        mode=runtime.get("mode", standard.mode),
        runtimes=tuple(runtime.get("runtimes", standard.runtimes)),
        spec_dirs=tuple(cdi.get("spec-dirs", standard.spec_dirs)),
        default_kind=cdi.get("default-kind", standard.default_kind),
        unprivileged_may_ask=document.get("accept-nvidia-visible-devices-envvar-when-unprivileged", True),
        no_cgroups=document.get("nvidia-container-cli", {}).get("no-cgroups", False),
    )


def with_value(text: str, assignment: str) -> str:
    """Return the text after `--set key[=value]`; a key without a value becomes true. Raises SettingsError."""
    key, has_value, value = assignment.partition("=")
    section, _, name = key.rpartition(".")
    literal = _literal(value) if has_value else "true"
    lines, current = [], ""
    done = False
    for line in text.splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        match = _LINE.match(line)
        if match and current == section and match.group(2) == name:
            lines.append(f"{name} = {literal}")
            done = True
        else:
            lines.append(line)
    if not done and key.startswith(_FEATURES):
        lines += ["", "[features]"] if "[features]" not in lines else []
        lines.insert(lines.index("[features]") + 1, f"{name} = {literal}")
        done = True
    if not done:
        raise SettingsError(f"invalid config option key: {key}")
    return "\n".join(lines) + "\n"


def _literal(value: str) -> str:
    if value in {"true", "false"}:
        return value
    return "[" + ", ".join(f'"{item}"' for item in value.split(",")) + "]" if "," in value else f'"{value}"'
