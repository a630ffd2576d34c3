"""Files that are there as before or as wanted, whatever happens to who writes them."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provision.plugins.module_utils.containers.daemon_json_owners import Owners, save_owners
from provision.plugins.module_utils.containers.docker_service import Note, write_note
from provision.plugins.module_utils.host import files
from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.mig import apply, boot
from provision.plugins.module_utils.receipts import store

ROOT = Path(__file__).parents[5]
OLD = '["old"]'
UNITS = ["nvidia-persistenced.service", "nvidia-dcgm.service"]


def stop_services(path: Path) -> None:
    with apply._stopped(UNITS, lambda _: (0, ""), str(path)):
        pass


def mark(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boot, "MARKER", str(path))
        boot._mark(Machine(), ["something that is longer than eight bytes"])


WRITERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a note": ("any.json", lambda path: files.write_note(str(path), UNITS)),
    "services that MIG stopped": ("mig-stopped.json", stop_services),
    "what became of MIG at boot": ("mig.json", mark),
    "what dockerd has not loaded": (
        "pending.json",
        lambda path: write_note(Note("reload", ["labels"], "", "abc"), str(path.parent)),
    ),
    "who owns keys of daemon.json": (
        "daemon-json-owners.json",
        lambda path: save_owners(str(path.parent), Owners({}).with_owner("role", {("a",): 1}, [])),
    ),
    "a receipt": (
        "role.json",
        lambda path: store.write(store.build("role", {}, {}, {}), str(path.parent)),
    ),
}


def main(writer: str, folder: str) -> None:
    """Run in a process of its own, which the kernel kills once a file has eight bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, 8))
    name, write = WRITERS[writer]
    write(Path(folder, name))


@pytest.mark.parametrize("writer", WRITERS)
def test_a_kill_in_the_middle_of_a_write_keeps_the_old_state(tmp_path: Path, writer: str) -> None:
    path = tmp_path / WRITERS[writer][0]
    path.write_text(OLD)
    argv = [sys.executable, "-B", "-m", __name__, writer, str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == -signal.SIGXFSZ, done.stderr
    assert path.read_text() == OLD


def test_what_a_killed_writer_left_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "note"
    (tmp_path / f".note.{os.getpid()}").write_text("half")
    files.write_note(str(path), UNITS)
    assert files.read_note(str(path)) == UNITS
    assert [entry.name for entry in tmp_path.iterdir()] == ["note"]


@pytest.mark.parametrize("text", [None, "", "[", "\udcff"])
def test_a_note_that_is_none_reads_as_none(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "note"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    assert files.read_note(str(path)) is None


def test_what_is_put_takes_the_place_of_a_link(tmp_path: Path) -> None:
    path, target = tmp_path / "link", tmp_path / "target"
    target.write_text("theirs")
    path.symlink_to(target)
    files.put(str(path), b"ours", 0o600)
    assert not path.is_symlink()
    assert (path.read_text(), target.read_text()) == ("ours", "theirs")
    assert path.stat().st_mode & 0o7777 == 0o600


def test_what_is_replaced_keeps_its_link_and_its_mode(tmp_path: Path) -> None:
    path, target = tmp_path / "link", tmp_path / "target"
    target.write_text("old")
    target.chmod(0o640)
    path.symlink_to(target)
    files.replace(str(path), b"new", 0o600)
    assert path.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o7777 == 0o640


def test_only_the_newest_copies_are_kept(tmp_path: Path) -> None:
    path, folder = tmp_path / "daemon.json", tmp_path / "backup"
    path.write_text("{}")
    folder.mkdir()
    for year in range(2000, 2012):
        (folder / f"daemon.json.{year}0101T000000Z~").write_text("")
    copy = Path(files.back_up(str(path), str(folder)))
    assert copy.read_text() == "{}"
    assert copy.stat().st_mode & 0o7777 == 0o600
    assert len(list(folder.iterdir())) == 10
    assert copy in folder.iterdir()


def test_a_second_backup_leaves_the_first(tmp_path: Path) -> None:
    path, folder = tmp_path / "daemon.json", tmp_path / "backup"
    copies = []
    for content in ("{}", "[]"):
        path.write_text(content)
        copies.append(Path(files.back_up(str(path), str(folder))))
    assert [copy.read_text() for copy in copies] == ["{}", "[]"]


if __name__ == "__main__":
    main(*sys.argv[1:])
