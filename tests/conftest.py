"""Shared by all tests: a skip is a failure where everything should have run.

What a test needs of the machine is a mark: `needs("root")`, `needs("linux")`, or a program, `needs("dpkg")`. A
fixture's needs are an attribute of its function (tests/needs.py). With `--can`, tests that need what is not here
are left out, and what is lacking is said; without it they run, and fail.
"""

import os
import shutil
import signal
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How busy the machine is must not decide: hypothesis would fail what takes 0.2 s once.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


# Below `nohup`, or in the background of a script, these are ignored, and so they would be by what tests start
# and interrupt.
for _number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number == signal.SIGINT else signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    parser.addoption("--no-skips", action="store_true", help="fail when a test is skipped")
    parser.addoption(
        "--can", action="store_true", help="leave out tests that need what is not on this machine"
    )


def _lacking(item: pytest.Item) -> Iterator[str]:
    """Return what a test, or one of its fixtures, needs and this machine has not."""
    needs = [need for mark in item.iter_markers("needs") for need in mark.args]
    fixtures = getattr(item, "_fixtureinfo", None)
    for definitions in fixtures.name2fixturedefs.values() if fixtures else ():
        needs += getattr(definitions[-1].func, "needs", ())
    for need in needs:
        here = {"root": os.geteuid() == 0, "linux": sys.platform == "linux"}
        if not here.get(need, shutil.which(need)):
            yield need


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--can`, leave out what cannot run here."""
    if not config.getoption("--can"):
        return
    lacking = {item: sorted(set(_lacking(item))) for item in items}
    left_out = [item for item in items if lacking[item]]
    if left_out:
        needs = sorted({need for item in left_out for need in lacking[item]})
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not lacking[item]]
        # Read by the process that tells the end: with xdist that is another one.
        config.stash[_LEFT_OUT] = f"left out here: {len(left_out)} tests that need {', '.join(needs)}"
        if hasattr(config, "workeroutput"):
            config.workeroutput["left_out"] = config.stash[_LEFT_OUT]


_LEFT_OUT = pytest.StashKey[str]()
_SKIPPED = pytest.StashKey[str]()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """Take over what a worker of xdist has left out; all have left out the same."""
    output, config = getattr(node, "workeroutput", {}), getattr(node, "config", None)
    if error is None and config is not None and "left_out" in output:
        config.stash[_LEFT_OUT] = output["left_out"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was left out, and why a run with skipped tests has failed."""
    for key in (_LEFT_OUT, _SKIPPED):
        told = terminalreporter.config.stash.get(key, "")
        if told:
            terminalreporter.write_line(told, red=key is _SKIPPED)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Turn a run with skipped tests into a failed one."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    skipped = reporter.stats.get("skipped", [])
    if session.config.getoption("--no-skips") and skipped and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        session.config.stash[_SKIPPED] = f"error: {len(skipped)} skipped, and --no-skips was given"
