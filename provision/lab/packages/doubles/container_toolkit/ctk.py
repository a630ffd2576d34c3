"""`nvidia-ctk`: configures the engine, writes CDI specifications, edits the toolkit's own settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import cdi, daemon_json, flags, inventory, log, oci, settings

_USAGE = """\
NAME:
   NVIDIA Container Toolkit CLI - Tools to configure the NVIDIA Container Toolkit

USAGE:
   nvidia-ctk [global options] command [command options]

COMMANDS:
   runtime  A collection of runtime-related utilities for the NVIDIA Container Toolkit
   cdi      Provide tools for interacting with Container Device Interface specifications
   system   A collection of system-related utilities for the NVIDIA Container Toolkit
   config   Interact with the NVIDIA Container Toolkit configuration
"""


def main(version: str) -> int:
    """Run the command that the arguments name; return the exit code."""
    words = sys.argv[1:]
    while words and words[0] in {"--quiet", "-q", "--debug", "-d"}:
        if words.pop(0) in {"--quiet", "-q"}:
            log.be_quiet()
    if not words or words[0] in {"--help", "-h", "help"}:
        sys.stdout.write(_USAGE)
        return 0
    if words[0] in {"--version", "-v"}:
        sys.stdout.write(f"NVIDIA Container Toolkit CLI version {version}\ncommit: lab\n")
        return 0
    commands = {
        ("runtime", "configure"): _configure,
        ("cdi", "generate"): _generate,
        ("cdi", "list"): _list,
        ("system", "create-device-nodes"): _create_device_nodes,
        ("system", "create-dev-char-symlinks"): _create_dev_char_symlinks,
    }
    run = _config if words[0] == "config" else commands.get((words[0], words[1] if words[1:] else ""))
    if run is None:
        sys.stderr.write(f"No help topic for '{words[-1]}'\n")
        return 3
    try:
        return run(words[1:] if words[0] == "config" else words[2:])
    except daemon_json.GoPanic as panic:
        sys.stderr.write(f"panic: {panic}\n\ngoroutine 1 [running]:\n")
        return 2
    except (flags.FlagError, daemon_json.ConfigError, cdi.CdiError, settings.SettingsError, OSError) as error:
        log.error(str(error))
        return 1


def _configure(arguments: list[str]) -> int:
    found, _ = flags.parse(
        arguments,
        {"dry-run", "set-as-default", "nvidia-set-as-default", "cdi.enabled", "cdi.enable", "enable-cdi"},
        {"runtime", "config", "config-source", "drop-in-config", "nvidia-runtime-name", "nvidia-runtime-path"}
        | {"config-mode", "hook-path", "runtime-name", "runtime-path"},
    )
    engine = found.get("runtime", "docker")
    if engine != "docker":
        raise daemon_json.ConfigError(f"unrecognized runtime '{engine}'")
    if found.get("drop-in-config"):
        raise daemon_json.ConfigError("runtime docker does not support drop-in configs")
    path = str(found.get("config", daemon_json.DEFAULT_PATH))
    log.info(f"Loading config from {path}")
    try:
        text = daemon_json.updated(
            daemon_json.read(path),
            runtime=str(found.get("nvidia-runtime-name") or found.get("runtime-name") or "nvidia"),
            path=str(
                found.get("nvidia-runtime-path") or found.get("runtime-path") or "nvidia-container-runtime"
            ),
            set_as_default=bool(found.get("nvidia-set-as-default") or found.get("set-as-default")),
            cdi=bool(found.get("cdi.enabled") or found.get("cdi.enable") or found.get("enable-cdi")),
        )
    except daemon_json.ConfigError as error:
        raise daemon_json.ConfigError(f"unable to load config for runtime docker: {error}") from error
    if found.get("dry-run"):
        sys.stdout.write(text + "\n")
        return 0
    daemon_json.write(path, text)
    log.info(f"Wrote updated config to {path}")
    log.info("It is recommended that docker daemon be restarted.")
    return 0


def _generate(arguments: list[str]) -> int:
    found, _ = flags.parse(
        arguments,
        {"no-all-device"},
        {"output", "format", "mode", "vendor", "class", "driver-root", "dev-root", "nvidia-ctk-path"}
        | {"nvidia-cdi-hook-path", "ldconfig-path", "device-name-strategy*", "library-search-path*"}
        | {"config-search-path*", "feature-flag*", "device-id*", "disable-hook*"},
    )
    mode = found.get("mode", os.environ.get("NVIDIA_CTK_CDI_GENERATE_MODE", "auto"))
    if mode not in {"auto", "nvml"}:
        raise cdi.CdiError(f"invalid discovery mode: {mode}")
    output = str(found.get("output") or os.environ.get("NVIDIA_CTK_CDI_OUTPUT_FILE_PATH", ""))
    form = str(found.get("format") or ("json" if output.endswith(".json") else "yaml"))
    if form not in {"yaml", "json"}:
        raise cdi.CdiError(f"invalid output format: {form}")
    try:
        machine = inventory.read()
    except inventory.NvmlError as error:
        raise cdi.CdiError(
            f"failed to create CDI spec generator: failed to initialize NVML: {error}"
        ) from error
    document = cdi.specification(machine, cdi.common_edits(machine.driver_version))
    text = cdi.written(document, form)
    if not output:
        sys.stdout.write(text)
        return 0
    log.info(f"Using driver version {machine.driver_version}")
    target = Path(output)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o644)
    fresh.replace(target)
    log.info(f"Generated CDI spec with version {cdi.VERSION}")
    return 0


def _list(arguments: list[str]) -> int:
    found, _ = flags.parse(arguments, set(), {"spec-dir*"})
    directories = tuple(found.get("spec-dir") or settings.load().spec_dirs)
    registry = cdi.load(directories)
    for problem in registry.warnings:
        log.warning(problem)
    log.info(f"Found {len(registry.devices)} CDI devices")
    for name in sorted(registry.devices):
        sys.stdout.write(f"{name}\n")
    return 0


def _create_device_nodes(arguments: list[str]) -> int:
    flags.parse(arguments, {"control-devices", "load-kernel-modules", "dry-run"}, {"driver-root", "dev-root"})
    return 0  # the simulated hardware makes its own nodes


def _create_dev_char_symlinks(arguments: list[str]) -> int:
    found, _ = flags.parse(
        arguments, {"create-all", "watch", "dry-run", "load-kernel-modules"}, {"dev-char-path", "driver-root"}
    )
    directory = Path(str(found.get("dev-char-path", "/dev/char")))
    directory.mkdir(parents=True, exist_ok=True)
    for device in sorted([*Path("/dev").glob("nvidia*"), *Path("/dev/nvidia-caps").glob("*")]):
        if device.is_char_device():
            entry = oci.node(str(device))
            link = directory / f"{entry.major}:{entry.minor}"
            link.unlink(missing_ok=True)
            link.symlink_to(device)
    return 0


def _config(arguments: list[str]) -> int:
    found, _ = flags.parse(
        arguments, {"in-place", "i"}, {"config-file", "config", "c", "set*", "output", "o"}
    )
    file = Path(str(found.get("config-file") or found.get("config") or found.get("c") or settings.path()))
    text = file.read_text() if file.exists() else settings.DEFAULTS
    settings.parse(text)
    for assignment in found.get("set", []):
        text = settings.with_value(text, assignment)
    in_place = found.get("in-place") or found.get("i")
    target = str(file) if in_place else str(found.get("output") or found.get("o") or "")
    if not target:
        sys.stdout.write(text)
        return 0
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(text)
    return 0
