"""`nvidia-container-cli`: what it says of the driver. Containers are the business of runtime and hook."""

from __future__ import annotations

import sys

from . import cdi, inventory


def main(version: str) -> int:
    """Run `info`, `list` or `--version`; return the exit code."""
    words = [word for word in sys.argv[1:] if not word.startswith("--load-kmods")]
    if words and words[0] in {"-V", "--version"}:
        sys.stdout.write(f"cli-version: {version}\nlib-version: {version}\n")
        return 0
    if not words or words[-1] not in {"info", "list"}:
        sys.stderr.write("Usage: nvidia-container-cli [OPTION...] COMMAND [ARG...]\n")
        return 64
    try:
        machine = inventory.read()
    except inventory.NvmlError as error:
        sys.stderr.write(f"nvidia-container-cli: initialization error: nvml error: {str(error).lower()}\n")
        return 1
    if words[-1] == "info":
        lines = [f"NVRM version:   {machine.driver_version}"]
        lines += [
            f"\nDevice Index:   {gpu.index}\nDevice Minor:   {gpu.minor}\nGPU UUID:       {gpu.uuid}"
            for gpu in machine.gpus
        ]
    else:
        edits = cdi.common_edits(machine.driver_version).plus(cdi.devices(machine)["all"])
        lines = [*edits.nodes, *(host for host, _ in edits.mounts)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
