"""Pytest plugin of `provision verify`: many hosts, asked at once, each judged as soon as it has answered.

It reads one JSON document from a file descriptor, the hosts and how they are reached, and writes one line of
JSON a finished check to another. Passwords come in that way, so that neither arguments nor environment hold
them.
"""

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from testinfra.backend.base import BaseBackend
from testinfra.backend.local import LocalBackend
from testinfra.host import Host as Connection

from provision.connect.target import Become, Target
from provision.verify.conftest import GATHERED
from provision.verify.connection import AnsibleBackend, OpenSshBackend, UnreachableError
from provision.verify.evidence import INTERPRETERS, Evidence, gather
from provision.verify.report import FAILED, Check
from provision.verify.wanted import Wanted

MOST_AT_ONCE = 64
REACHABLE = "reachable"


class FleetPlugin:
    """The hosts of one run, and where its results go."""

    def __init__(self, hosts: Mapping[str, Any], report: Callable[[Check], None]) -> None:
        self.connections = {name: Connection(_backend(each)) for name, each in hosts.items()}
        self.wanted = {name: _wanted(each["wanted"]) for name, each in hosts.items()}
        self.hosts = hosts
        self.report = report
        self.places: dict[str, tuple[str, str]] = {}

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Give every check every host."""
        if "host" in metafunc.fixturenames:
            metafunc.parametrize("host", list(self.connections), indirect=True, scope="module")

    @pytest.fixture(scope="module")
    def host(self, request: pytest.FixtureRequest) -> Connection:
        """Return the connection to the host that a check is about."""
        return self.connections[request.param]

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Remember which host and check each item is."""
        for item in items:
            assert isinstance(item, pytest.Function)
            check = item.originalname.removeprefix("test_")
            self.places[item.nodeid] = (str(item.callspec.params["host"]), check)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Ask all hosts at once; run the checks of each when its answer is there."""
        if session.testsfailed:
            raise session.Failed(f"{session.testsfailed} errors in the checks themselves")
        gathered = session.config.stash.setdefault(GATHERED, {})
        with ThreadPoolExecutor(min(MOST_AT_ONCE, len(self.connections) or 1)) as pool:
            asked = {
                pool.submit(self._gather, name, connection): name
                for name, connection in self.connections.items()
            }
            for answer in as_completed(asked):
                name = asked[answer]
                self._judge(session, name, self._evidence(name, answer, gathered))
        return True

    def _gather(self, name: str, connection: Connection) -> Evidence:
        host = self.hosts[name]
        return gather(
            connection,
            self.wanted[name],
            interpreters=host.get("target", {}).get("interpreters", INTERPRETERS),
            root=host.get("root", ""),
        )

    def _evidence(
        self, name: str, answer: "Future[Evidence]", gathered: dict[str, Evidence]
    ) -> UnreachableError | None:
        try:
            gathered[self.connections[name].backend.get_pytest_id()] = answer.result()
        except UnreachableError as error:
            return error
        return None

    def _judge(self, session: pytest.Session, name: str, error: UnreachableError | None) -> None:
        """Run the checks of one host. A host that was not reached has one result, not one for each check."""
        items = [item for item in session.items if self.places[item.nodeid][0] == name]
        for item in items:
            is_reachable = self.places[item.nodeid][1] == REACHABLE
            if is_reachable == (error is not None):
                if error is not None:
                    item.user_properties.append((REACHABLE, _words(error)))
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
    group.addoption("--hosts-fd", type=int, help="where the hosts are read from")
    group.addoption("--results-fd", type=int, help="where the results are written to")


def pytest_configure(config: pytest.Config) -> None:
    """Read the hosts and register the run."""
    with os.fdopen(config.getoption("--hosts-fd"), encoding="utf-8") as source:
        hosts = json.load(source)
    results = os.fdopen(config.getoption("--results-fd"), "w", encoding="utf-8", buffering=1)

    def report(check: Check) -> None:
        results.write(json.dumps(asdict(check)) + "\n")

    config.pluginmanager.register(FleetPlugin(hosts, report), "provision-fleet")
    config.add_cleanup(results.close)


def _explanation(report: pytest.TestReport) -> str:
    if report.passed:
        return str(dict(report.user_properties).get("detail", ""))
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr or "")


def _words(error: UnreachableError) -> str:
    return f"{error.message}\nhint: {error.hint}" if error.hint else error.message


def _backend(host: Mapping[str, Any]) -> BaseBackend:
    if host["connection"] == "local":
        return LocalBackend(sudo=os.geteuid() != 0)
    if host["connection"] == "ansible":
        return AnsibleBackend(host["name"], Path(host["inventory"]))
    target = _tuples(host["target"])
    become = target.pop("become")
    return OpenSshBackend(Target(**target, become=Become(**_tuples(become)) if become else None))


def _wanted(values: Mapping[str, Any]) -> Wanted:
    return Wanted(**_tuples(values))


def _tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return dataclass fields as they were before JSON made lists of tuples."""
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
