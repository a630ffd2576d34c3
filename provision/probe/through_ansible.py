"""The probe of hosts that only Ansible can reach: slower, with the same measuring code on the host."""

import base64
import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

from provision import content
from provision.model.observed import Observed
from provision.plugins.module_utils.host_probe_answer import BEGIN, END
from provision.probe import answer
from provision.probe.answer import ProbeError

_SECONDS = 120.0


def probe(inventory: Path, host: str, *, become: bool = True, partitions: bool = False) -> Observed:
    """Run the module `host_probe` on the host through `ansible`. Raises ProbeError."""
    # -P: a module of the working directory must not take the place of one of Ansible's.
    argv = [sys.executable, "-P", "-m", "ansible", "adhoc", "--inventory", str(inventory)]
    argv += ["--module-name", _module(), *(["--become"] * become), host]
    argv += ["--args", "partitions=true"] * partitions
    environment = {
        **os.environ,
        **content.environment(),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.minimal",
        "ANSIBLE_NOCOLOR": "1",
        "LC_ALL": "C.UTF-8",
    }
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ProbeError(f"the probe through Ansible did not end within {_SECONDS:.0f} s") from error
    return read(done.stdout, done.stderr)


def _module() -> str:
    return "host_probe" if content.is_clone() else "provision.gpu.host_probe"


def read(output: str, errors: str) -> Observed:
    """Return the survey in the output of `ansible`. Raises ProbeError with Ansible's own reason."""
    _, found, rest = output.rpartition(f"{BEGIN} ")
    packed, ended, _ = rest.partition(f" {END}")
    if found and ended:
        text = zlib.decompress(base64.b64decode(packed)).decode()
        return answer.read(f"{BEGIN} {text} {END}", "", 0, "root")
    _, _, result = output.partition("=> ")
    try:
        told = json.loads(result)
        reason = str(told.get("msg") or told.get("module_stderr") or "").strip()
    except ValueError:
        reason = (errors.strip() or output.strip()).rpartition("\n")[2]
    first = reason.splitlines()[0].rstrip(".") if reason else "Ansible gave no reason"
    raise ProbeError(
        f"Ansible cannot probe the host: {first}",
        hint="try `ansible HOST --module-name ping --become` with the same inventory",
        reachable="UNREACHABLE!" not in output,
    )
