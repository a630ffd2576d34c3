"""The program that is sent to hosts, as the control machine packs it."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provision.connect import program
from provision.connect.answer import Answer, read
from provision.plugins.module_utils import bundle
from tests.unit.connect.ssh_server import script

WITHOUT_MEMFD = "import os; del os.memfd_create; import sys; exec(sys.argv[1])"


def run(python: str, folder: Path) -> Answer:
    """Run a survey as a host does, with a folder for temporary files of its own."""
    done = subprocess.run(
        ["/bin/sh", "-c", program.command([python])],
        input=program.payload("asking.survey", {}),
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        check=False,
    )
    return read(done.stdout.decode(), done.stderr.decode(), done.returncode, "me")


@pytest.mark.needs("root")
@pytest.mark.parametrize("memfd", [True, False], ids=["memfd", "no memfd"])
def test_a_host_runs_it_and_keeps_nothing(tmp_path: Path, memfd: bool) -> None:
    python = sys.executable
    if not memfd:
        python = script(tmp_path, "python", f'exec {python} "$1" "$2" "{WITHOUT_MEMFD}" "$3"')
    folder = tmp_path / "temporary"
    folder.mkdir()
    found = run(python, folder)
    assert found["kernel"] == os.uname().release
    assert list(folder.iterdir()) == []


def test_the_program_is_packed_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that parse at once are an error of CPython 3.11."""
    program._packed.cache_clear()
    at_work = 0
    most = 0
    real = bundle.pack

    def pack(entry: str) -> bytes:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        packed = real(entry)
        at_work -= 1
        return packed

    monkeypatch.setattr(bundle, "pack", pack)
    with ThreadPoolExecutor(16) as pool:
        texts = set(pool.map(lambda _: program.payload("asking.survey", {}), range(64)))
    assert (len(texts), most) == (1, 1)
