"""`nvidia-container-runtime`: adds the GPUs asked for to its config.json, then becomes runc."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import cdi, inventory, oci, requests, settings

_FIRST_WITH_JIT_CDI = (1, 18)


class RuntimeFailure(Exception):
    """The container cannot be made; the text is what the engine shows to the user."""


def main(version: str) -> int:
    """Change the bundle of `create`, then become the low-level runtime. Return an exit code on failure."""
    arguments = sys.argv[1:]
    try:
        configured = settings.load()
        if "create" in arguments:
            _modify(Path(_value_of(arguments, ("--bundle", "-b")) or "."), configured, version)
        runtime = _low_level_runtime(configured.runtimes)
    except (RuntimeFailure, settings.SettingsError) as failure:
        _report(arguments, str(failure))
        return 1
    return os.execv(runtime, [runtime, *arguments])


def modified(
    config: dict[str, Any], configured: settings.Settings, version: str
) -> tuple[dict[str, Any], cdi.Edits]:
    """Return the configuration with the right hook, and the edits that its request calls for.

    Before 1.18 the hook does everything (`legacy`); from then on the runtime does, and the hook that the
    engine may have added goes. Raises RuntimeFailure.
    """
    request = _request(config, configured)
    if request.names is None:
        return config, cdi.Edits()
    if request.qualified or configured.mode == "cdi":
        return oci.without_hook(config), _from_files(request, configured)
    if configured.mode == "legacy" or (configured.mode == "auto" and _numbers(version) < _FIRST_WITH_JIT_CDI):
        return oci.with_hook(config), cdi.Edits()
    return oci.without_hook(config), _just_in_time(request)


def legacy_edits(config: dict[str, Any], configured: settings.Settings) -> cdi.Edits | None:
    """Return what the hook gives to a container, None where it asks for nothing. Raises RuntimeFailure."""
    request = _request(config, configured)
    return None if request.names is None else _legacy(request)


def _request(config: dict[str, Any], configured: settings.Settings) -> requests.Request:
    if configured.unprivileged_may_ask or oci.is_privileged(config):
        return requests.parse(oci.environment(config))
    return requests.Request(None)


def _modify(bundle: Path, configured: settings.Settings, version: str) -> None:
    file = bundle / "config.json"
    try:
        config, edits = modified(json.loads(file.read_text()), configured, version)
        nodes = [oci.node(path) for path in edits.nodes]
    except (OSError, ValueError) as error:
        raise RuntimeFailure(
            f"could not apply required modification to OCI specification: {error}"
        ) from error
    file.write_text(json.dumps(oci.with_edits(config, edits, nodes)))


def _from_files(request: requests.Request, configured: settings.Settings) -> cdi.Edits:
    names = tuple(
        name if "=" in name else f"{configured.default_kind}={name}" for name in request.names or ()
    )
    try:
        return requests.resolve_qualified(requests.Request(names), cdi.load(configured.spec_dirs))
    except requests.RequestError as error:
        raise RuntimeFailure(
            "could not apply required modification to OCI specification: error modifying OCI spec: "
            f"failed to inject CDI devices: unresolvable CDI devices {error}"
        ) from error


def _just_in_time(request: requests.Request) -> cdi.Edits:
    prefix = (
        "could not apply required modification to OCI specification: error modifying OCI spec: "
        'failed to create the automatic CDI modifier: failed to generate CDI spec for mode "auto": '
        "failed to construct device spec generators: "
    )
    try:
        machine = inventory.read()
        return requests.resolve(request, machine, cdi.common_edits(machine.driver_version))
    except inventory.NvmlError as error:
        raise RuntimeFailure(f"{prefix}failed to initialize NVML: {error}") from error
    except requests.RequestError as error:
        reason = "ERROR_INVALID_ARGUMENT"
        raise RuntimeFailure(f"{prefix}failed to get device handle from index: {reason}") from error
    except cdi.CdiError as error:
        raise RuntimeFailure(f"{prefix}{error}") from error


def _legacy(request: requests.Request) -> cdi.Edits:
    try:
        machine = inventory.read()
        return requests.resolve(request, machine, cdi.common_edits(machine.driver_version))
    except inventory.NvmlError as error:
        reason = "load library failed: libnvidia-ml.so.1: cannot open shared object file"
        if str(error) != "ERROR_LIBRARY_NOT_FOUND":
            reason = f"nvml error: {str(error).lower()}"
        raise RuntimeFailure(f"nvidia-container-cli: initialization error: {reason}") from error
    except requests.RequestError as error:
        raise RuntimeFailure(f"nvidia-container-cli: device error: {error}: unknown device") from error
    except cdi.CdiError as error:
        raise RuntimeFailure(f"nvidia-container-cli: mount error: {error}") from error


def _low_level_runtime(names: tuple[str, ...]) -> str:
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise RuntimeFailure(
        f"error locating runtime: no runtime binary found from candidate list: {list(names)}"
    )


def _value_of(arguments: list[str], names: tuple[str, ...]) -> str | None:
    for position, word in enumerate(arguments):
        name, has_value, value = word.partition("=")
        if name in names:
            return value if has_value else arguments[position + 1]
    return None


def _report(arguments: list[str], text: str) -> None:
    """Tell the user, and the engine through the log that it named, from which it takes its message."""
    sys.stderr.write(text + "\n")
    log = _value_of(arguments, ("--log",))
    if log:
        line = {"level": "error", "msg": text, "time": datetime.now(UTC).isoformat()}
        with Path(log).open("a") as file:
            file.write(json.dumps(line) + "\n")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
