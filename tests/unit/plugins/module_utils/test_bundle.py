"""What is packed for a host is what Python imports there, and the same each time."""

import subprocess
import sys
import zipfile
from modulefinder import ModuleFinder
from pathlib import Path

import pytest

from provision.plugins.module_utils import bundle
from provision.plugins.module_utils.asking.answer import BEGIN

FOLDER = Path(bundle.__file__).parent
ENTRIES = ("asking.survey", "asking.partitions", "asking.evidence", "mig.boot")
IMPORT = """
import sys
sys.path.insert(0, sys.argv[1])
__import__(sys.argv[2])
print(*sorted(name for name in sys.modules if name.split(".")[0] == sys.argv[3]))
"""


def closure(entry: str) -> set[str]:
    """Return the modules of a closure as Python names them."""
    paths = bundle.closure([entry], bundle.reader(str(FOLDER)))
    names = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in paths}
    return {bundle.PACKAGE, *(f"{bundle.PACKAGE}.{name}" for name in names)}


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a folder in which the whole package has its name of a host."""
    (tmp_path / bundle.PACKAGE).symlink_to(FOLDER)
    return tmp_path


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_closure_is_all_that_pythons_own_finder_of_imports_finds(sources: Path, entry: str) -> None:
    finder = ModuleFinder(path=[str(sources)])
    finder.import_hook(f"{bundle.PACKAGE}.{entry}")
    found = {name for name in finder.modules if name.split(".")[0] == bundle.PACKAGE}
    assert found == closure(entry)


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_bundle_is_imported_on_its_own(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "bundle.pyz"
    path.write_bytes(bundle.pack(entry))
    argv = [sys.executable, "-I", "-S", "-c", IMPORT, str(path), f"{bundle.PACKAGE}.{entry}", bundle.PACKAGE]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert f"{bundle.PACKAGE}.{entry}" in loaded
    assert loaded <= closure(entry)


@pytest.mark.parametrize("entry", ENTRIES)
def test_packing_twice_gives_the_same_bytes(entry: str) -> None:
    assert bundle.pack(entry) == bundle.pack(entry)


def test_a_bundle_calls_main_of_its_entry(tmp_path: Path) -> None:
    path = tmp_path / "bundle.pyz"
    path.write_bytes(bundle.pack("asking.survey"))
    done = subprocess.run([sys.executable, "-I", path, "{}"], capture_output=True, text=True, check=True)
    assert BEGIN in done.stdout
    assert {info.date_time for info in zipfile.ZipFile(path).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_module_that_is_not_there_is_told() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"asking\.none"):
        bundle.pack("asking.none")
