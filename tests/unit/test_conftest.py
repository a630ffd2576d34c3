"""What tests/conftest.py promises of its options: a skip fails a run, and what this machine lacks is left out."""

import os
from pathlib import Path

import pytest

from tests import conftest

pytest_plugins = ["pytester"]

PASSES = "def test_passes(): pass\n"
SKIPPED = {
    "mark": "import pytest\n@pytest.mark.skip\ndef test_skipped(): pass\n",
    "condition": "import pytest\n@pytest.mark.skipif('True', reason='x')\ndef test_skipped(): pass\n",
    "in the test": "import pytest\ndef test_skipped(): pytest.skip()\n",
    "in a fixture": (
        "import pytest\n@pytest.fixture\ndef lab(): pytest.skip()\ndef test_skipped(lab): pass\n"
    ),
    "whole module": "import pytest\npytest.skip(allow_module_level=True)\n",
    "module that is not there": "import pytest\npytest.importorskip('no_such_module')\n",
}
NEEDS = """\
import pytest
@pytest.mark.needs("no-such-program", "sh")
def test_of_a_program(): raise AssertionError
@pytest.mark.needs("root")
def test_of_root(): pass
def _lab(): raise AssertionError
_lab.needs = ("no-such-lab",)
lab = pytest.fixture(_lab, name="lab")
@pytest.fixture
def fleet(lab): pass
def test_of_a_fixture(fleet): pass
@pytest.mark.needs("sh")
def test_of_a_shell(): pass
"""


@pytest.fixture(autouse=True)
def _options(pytester: pytest.Pytester) -> None:
    """Have the options, and the mark, in the tests that are run here."""
    pytester.makeconftest(Path(conftest.__file__).read_text())
    pytester.makeini("[pytest]\nmarkers =\n  needs: of the machine\naddopts = --strict-markers\n")


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests; in a process of their own where that has workers."""
    start = pytester.runpytest_subprocess if "-n" in arguments else pytester.runpytest_inprocess
    return start("-p", "no:cacheprovider", *arguments)


@pytest.mark.parametrize(
    ("how", "workers"),
    [*((how, []) for how in SKIPPED), ("mark", ["-n", "2"]), ("whole module", ["-n", "2"])],
)
def test_a_skip_fails_a_run_without_skips(pytester: pytest.Pytester, how: str, workers: list[str]) -> None:
    pytester.makepyfile(test_one=PASSES, test_two=SKIPPED[how])
    result = run(pytester, "--no-skips", *workers)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=1, skipped=1)
    assert "error: 1 skipped, and --no-skips was given" in result.outlines


def test_a_skip_fails_no_other_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_one=PASSES, test_two=SKIPPED["mark"])
    assert run(pytester).ret == pytest.ExitCode.OK


def test_nothing_skipped_is_no_failure(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_one=PASSES)
    assert run(pytester, "--no-skips").ret == pytest.ExitCode.OK


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["one process", "workers"])
def test_what_this_machine_lacks_is_left_out_and_said(pytester: pytest.Pytester, workers: list[str]) -> None:
    pytester.makepyfile(NEEDS)
    result = run(pytester, "--can", "--no-skips", *workers)
    assert result.ret == pytest.ExitCode.OK
    told = {
        True: "left out here: 2 tests that need no-such-lab, no-such-program",
        False: "left out here: 3 tests that need no-such-lab, no-such-program, root",
    }
    is_root = os.geteuid() == 0
    assert told[is_root] in result.outlines
    assert result.parseoutcomes()["passed"] == (2 if is_root else 1)


def test_what_this_machine_lacks_fails_where_all_should_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(NEEDS)
    result = run(pytester, "--no-skips")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=2, failed=1, errors=1)


def test_nothing_is_said_where_nothing_is_left_out(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PASSES)
    result = run(pytester, "--can")
    assert result.ret == pytest.ExitCode.OK
    result.stdout.no_fnmatch_line("*left out*")
