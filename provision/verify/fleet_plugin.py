"""Pytest plugin of `provision verify`: judges each host as soon as it has answered.

It reads from a file descriptor: a line of JSON with the names of all hosts, then one for each host that has
answered. It writes one line of JSON a finished check to another. It has no connection of its own to a host.
"""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

import pytest
from testinfra.backend.base import BaseBackend
from testinfra.host import Host

from provision.errors import ConnectError
from provision.verify.conftest import GATHERED
from provision.verify.evidence import Evidence
from provision.verify.report import FAILED, Check
from provision.verify.wanted import Wanted

REACHABLE = "reachable"


class Asked(BaseBackend):  # type: ignore[misc] # testinfra has no types for us
    """A host as testinfra knows it, which has been asked already: the checks judge what was seen."""

    NAME = "provision"


class FleetPlugin:
    """The hosts of one run, and where its results go."""

    def __init__(self, names: Sequence[str], answers: Iterable[str], report: Callable[[Check], None]) -> None:
        self.hosts = {name: Host(Asked(name)) for name in names}
        self.answers = answers
        self.report = report
        self.places: dict[str, tuple[str, str]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give every check every host."""
        if "host" in metafunc.fixturenames:
            metafunc.parametrize("host", list(self.hosts), indirect=True, scope="module")

    @pytest.fixture(scope="module")
    def host(self, request: pytest.FixtureRequest) -> Host:
        """Return the host that a check is about."""
        return self.hosts[request.param]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Remember which host and check each item is."""
        for item in items:
            assert isinstance(item, pytest.Function)
            check = item.originalname.removeprefix("test_")
            self.places[item.nodeid] = (str(item.callspec.params["host"]), check)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run the checks of each host when its answer is there."""
        if session.testsfailed:
            raise session.Failed(f"{session.testsfailed} errors in the checks themselves")
        gathered = session.config.stash.setdefault(GATHERED, {})
        for line in self.answers:
            answer = json.loads(line)
            name, error = answer["host"], answer.get("error")
            if error is None:
                wanted = Wanted(**_tuples(answer["wanted"]))
                try:
                    seen = Evidence.of(answer["seen"], wanted)
                except ConnectError as garbled:
                    error = f"{garbled.message}\nhint: {garbled.hint}"
                else:
                    gathered[self.hosts[name].backend.get_pytest_id()] = seen
            self._judge(session, name, error)
        return True

    def _judge(self, session: pytest.Session, name: str, error: str | None) -> None:
        """Run the checks of one host. A host that was not reached has one result, not one for each check."""
        items = [item for item in session.items if self.places[item.nodeid][0] == name]
        for item in items:
            is_reachable = self.places[item.nodeid][1] == REACHABLE
            if is_reachable == (error is not None):
                if error is not None:
                    item.user_properties.append((REACHABLE, error))
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Fail the one check of a host that was not reached, in the words of what kept us out."""
        for key, words in item.user_properties:
            if key == REACHABLE:
                pytest.fail(str(words), pytrace=False)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hand on what became of a check: its call, or a setup that failed or skipped it."""
        if report.when != "call" and not (report.when == "setup" and not report.passed):
            return
        name, check = self.places[report.nodeid]
        detail, _, evidence = _explanation(report).partition("\n")
        outcome = FAILED if report.failed else report.outcome
        self.report(Check(name, check, outcome, detail.strip(), evidence.strip(), round(report.duration, 3)))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the two ends of the conversation with the process that started us."""
    group = parser.getgroup("provision")
    group.addoption("--answers-fd", type=int, help="where hosts and their answers are read from")
    group.addoption("--results-fd", type=int, help="where the results are written to")


def pytest_configure(config: pytest.Config) -> None:
    """Read the names of the hosts and register the run."""
    answers = os.fdopen(config.getoption("--answers-fd"), encoding="utf-8")
    results = os.fdopen(config.getoption("--results-fd"), "w", encoding="utf-8", buffering=1)

    def report(check: Check) -> None:
        results.write(json.dumps(asdict(check)) + "\n")

    names = json.loads(answers.readline())
    config.pluginmanager.register(FleetPlugin(names, answers, report), "provision-fleet")
    config.add_cleanup(results.close)
    config.add_cleanup(answers.close)


def _explanation(report: pytest.TestReport) -> str:
    if report.passed:
        return str(dict(report.user_properties).get("detail", ""))
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr or "")


def _tuples(values: dict[str, Any]) -> dict[str, Any]:
    """Return dataclass fields as they were before JSON made lists of tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
