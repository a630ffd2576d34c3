"""`nvidia-container-runtime-hook`: gives GPUs to a container of plain runc, past its config.json.

`docker run --gpus` adds it to the container. The nvidia runtime takes it out again and does the work itself.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from . import enter, inventory, oci, runtime, settings


def main(version: str) -> int:
    """Run the stage that the last argument names; `prestart` alone does anything."""
    if sys.argv[1:2] in (["--version"], ["-version"]):
        sys.stdout.write(f"NVIDIA Container Runtime Hook version {version}\n")
        return 0
    if not sys.argv[1:] or sys.argv[-1] != "prestart":
        return 0
    state = json.load(sys.stdin)
    try:
        bundle = Path(state["bundle"])
        config = json.loads((bundle / "config.json").read_text())
        configured = settings.load()
        edits = runtime.legacy_edits(config, configured)
        if edits is None:
            return 0
        rootfs = Path(os.path.join(bundle, config["root"]["path"]))  # noqa: PTH118 - an absolute path wins
        nodes = [oci.node(path) for path in edits.nodes]
        enter.give(int(state["pid"]), rootfs, edits, nodes, in_cgroup=not configured.no_cgroups)
    except (
        OSError,
        LookupError,
        ValueError,
        runtime.RuntimeFailure,
        settings.SettingsError,
        inventory.NvmlError,
    ) as error:
        sys.stderr.write(f"Auto-detected mode as 'legacy'\n{error}\n")
        return 1
    return 0
