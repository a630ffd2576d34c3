"""package_programs, on a host of rpm's whose libraries somebody replaces."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest
from ansible.module_utils.basic import AnsibleModule

from provision.plugins.module_utils.packages.managers import PackageManager, PackageManagerError
from provision.plugins.modules import package_programs

from .conftest import RunModule

LIBRARY = "/usr/lib64/libcuda.so.580.95.05"
FILES = {"driver": f"{LIBRARY}\n/usr/share/doc/driver\n", "docs": "/usr/share/doc/docs\n"}


class Host(PackageManager):
    """Two packages, one with a library; installing a package again brings its own files back, as a rule."""

    def __init__(self) -> None:
        self.broken = False
        self.is_offered = self.obeys = True
        self.reinstalled: dict[str, str] = {}

    def command(self, argv: list[str]) -> tuple[int, str, str]:
        assert argv[0] == "rpm"
        if argv[1] == "-ql":
            return 0, FILES[argv[2]], ""
        return 0, f"..5......    {LIBRARY}\n" if self.broken and "driver" in argv else "", ""

    def installed(self) -> dict[str, str]:
        return {"driver": "580.95.05-1", "docs": "1-1"}

    def reinstall(self, packages: Mapping[str, str]) -> None:
        if not self.is_offered:
            raise PackageManagerError("dnf failed: no match", "see its log")
        self.reinstalled = dict(packages)
        self.broken = not self.obeys


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host()

    @contextmanager
    def opened(*_: object) -> Iterator[PackageManager]:
        yield host

    monkeypatch.setattr(AnsibleModule, "run_command", lambda _, argv, **__: host.command(argv))
    monkeypatch.setattr(package_programs, "opened", opened)
    return host


OPTIONS = {"packages": ["driver", "docs"], "manager": "dnf"}


def test_what_is_the_packages_own_is_left(run_module: RunModule, host: Host) -> None:
    result = run_module(package_programs, OPTIONS)
    assert (result["changed"], result["programs"]) == (False, {"driver": [LIBRARY]})
    assert host.reinstalled == {}


def test_a_package_whose_library_was_replaced_is_installed_again_as_it_was(
    run_module: RunModule, host: Host
) -> None:
    host.broken = True
    predicted = run_module(package_programs, OPTIONS, check=True)
    assert (predicted["changed"], host.reinstalled) == (True, {})
    result = run_module(package_programs, OPTIONS)
    assert (result["changed"], host.reinstalled) == (True, {"driver": "580.95.05-1"})
    assert result["diff"] == predicted["diff"]
    assert result["diff"][0]["before"] == f"{LIBRARY} is not the package's\n"
    assert not run_module(package_programs, OPTIONS)["changed"]


def test_what_is_about_to_be_installed_counts_as_whole_in_check_mode(
    run_module: RunModule, host: Host
) -> None:
    host.broken = True
    arriving = {**OPTIONS, "arriving": ["driver"]}
    assert not run_module(package_programs, arriving, check=True)["changed"]
    assert run_module(package_programs, arriving)["changed"]


def test_what_stays_replaced_is_an_error(run_module: RunModule, host: Host) -> None:
    host.broken, host.obeys = True, False
    assert run_module(package_programs, OPTIONS)["msg"] == f"still not as its package brought it: {LIBRARY}"


def test_a_package_that_nobody_offers_any_more_is_an_error(run_module: RunModule, host: Host) -> None:
    host.broken, host.is_offered = True, False
    result = run_module(package_programs, OPTIONS)
    assert (result["msg"], result["hint"]) == ("dnf failed: no match", "see its log")
