#!/usr/bin/env python3
"""Writes down which MIG profiles the GPUs of this machine offer, and where they may lie. Changes nothing.

    sudo scripts/record_mig.py >tests/cases/mig/a100-sxm4-80gb.json

The tests compare every such file with the tables that stand in where no driver answers, and with the lab's models.
Needs Python 3.8 and a driver. Before branch 550 a driver tells of profiles only while MIG mode is on. GPUs of one
model are recorded once; no UUID, address or serial number is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from provision.plugins.module_utils.gpus.nvml import Nvml, NvmlError


def recording(library: Nvml) -> dict[str, Any]:
    """Return what the driver says of each model of GPU that is capable of MIG."""
    models = {}
    for device in library.devices():
        ids = library.pci(device)
        profiles = library.gpu_instance_profiles(device) if library.mig_mode(device) is not None else []
        if profiles:
            models[ids.device, ids.subsystem] = {
                "name": library.name(device),
                "device": ids.device,
                "subsystem": ids.subsystem,
                "profiles": [
                    {
                        "name": profile.name,
                        "id": profile.identifier,
                        "slices": profile.slices,
                        "limit": profile.limit,
                        "memory_mib": profile.memory_mib,
                        "engines": list(profile.engines),
                        "placements": sorted(library.placements(device, profile.identifier)),
                    }
                    for profile in profiles
                ],
            }
    return {"schema": 1, "driver": library.driver_version(), "gpus": list(models.values())}


def main() -> int:
    """Print the recording. Return the exit code."""
    try:
        with Nvml() as library:
            found = recording(library)
    except (NvmlError, OSError) as error:
        sys.stderr.write(f"error: {error}\nhint: `nvidia-smi` must work on this machine\n")
        return 1
    if not found["gpus"]:
        sys.stderr.write("error: no GPU here tells of MIG profiles\n")
        sys.stderr.write("hint: drivers before branch 550 do so only while MIG mode is on\n")
        return 1
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
