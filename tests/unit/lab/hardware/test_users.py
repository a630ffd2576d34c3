"""provision/lab/hardware/users.yml against the doubles: everything that is answered is asked by somebody."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from provision.lab.hardware import native
from provision.plugins.module_utils.asking.evidence import QUERY
from tests.unit.lab.hardware.conftest import VERSION

ROOT = Path(__file__).parents[4]
SOURCES = Path(native.__file__).with_name("native")
RECORDINGS = sorted((ROOT / "tests/cases/nvidia_smi").glob("recorded_*.txt"))
TABLE: Mapping[str, Mapping[str, Sequence[str]]] = yaml.safe_load(
    Path(native.__file__).with_name("users.yml").read_text()
)
ANSWERS = [(kind, name) for kind in ("nvml", "smi", "fields") for name in TABLE[kind]]


def named(pattern: str, *places: Path) -> set[str]:
    """Return what a pattern finds in files, or in the Python files of folders."""
    files = [file for place in places for file in ([place] if place.is_file() else place.rglob("*.py"))]
    assert files
    return {found for file in files for found in re.findall(pattern, file.read_text())}


def of(kind: str, user: str) -> set[str]:
    """Return what one user asks for, according to the table."""
    return {name for name, users in TABLE[kind].items() if user in users}


def test_the_library_exports_what_somebody_asks_for(programs: Path) -> None:
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", str(programs / f"libnvidia-ml.so.{VERSION}")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert sorted(line.split()[-1] for line in listed.splitlines()) == sorted(TABLE["nvml"])


def test_nvidia_smi_knows_the_options_that_somebody_gives() -> None:
    plain = named(r'\{(?:"-\w+"|NULL), "(--[\w-]+)"', SOURCES / "smi_options.c")
    mig = {f"mig {name}" for name in named(r'\{"-\w+", "(--[\w-]+)"', SOURCES / "smi_mig.c")}
    assert {*plain, *mig, "topo", "(none)"} == set(TABLE["smi"])


def test_nvidia_smi_knows_the_fields_that_somebody_queries() -> None:
    assert named(r'(?m)^ +\{"([\w.]+)", ', SOURCES / "smi_fields.c") == set(TABLE["fields"])


@pytest.mark.parametrize(("kind", "name"), ANSWERS, ids=str)
def test_an_answer_has_known_users(kind: str, name: str) -> None:
    users = TABLE[kind][name]
    assert users
    assert set(users) <= set(TABLE["users"])


def test_a_user_asks_for_something() -> None:
    assert {user for kind, name in ANSWERS for user in TABLE[kind][name]} == set(TABLE["users"])


@pytest.mark.parametrize(
    ("user", "places"),
    [
        ("product", [ROOT / "provision/plugins"]),
        ("container-toolkit", [ROOT / "provision/lab/packages/doubles"]),
        ("nvidia-smi", [SOURCES / "smi.h", SOURCES / "smi_library.c"]),
    ],
)
def test_our_own_callers_are_told_truly(user: str, places: list[Path]) -> None:
    called = named(r"\b(nvml[A-Z]\w+)", *places) & set(TABLE["nvml"])
    assert of("nvml", user) == called


def test_the_fields_of_product_and_recordings_are_told_truly() -> None:
    columns = named(r'columns = "([\w.,]+)"', ROOT / "provision/plugins/module_utils/asking")
    assert of("fields", "product") == {name for text in (QUERY, *columns) for name in text.split(",")}
    asked = named(r"--query-gpu=([\w.,]+)", *RECORDINGS)
    assert of("fields", "recordings") == {name for text in asked for name in text.split(",")} - {"nonsense"}


def test_the_commands_of_the_recordings_are_told_truly() -> None:
    brief = dict(re.findall(r'\{"(-\w+)", "(--[\w-]+)"', (SOURCES / "smi_options.c").read_text()))
    of_mig = dict(re.findall(r'\{"(-\w+)", "(--[\w-]+)"', (SOURCES / "smi_mig.c").read_text()))
    asked = set()
    for line in named(r"(?m)^\$ nvidia-smi (.*)$", *RECORDINGS):
        words = [word.partition("=")[0] for word in shlex.split(line) if word.startswith("-")]
        if line.startswith("mig"):
            asked |= {f"mig {of_mig.get(word, word)}" for word in words}
        else:
            asked |= {brief.get(word, word) for word in words}
    assert of("smi", "recordings") == asked
