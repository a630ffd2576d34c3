"""package_versions_info, with a package manager that answers."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from provision.plugins.module_utils.packages.managers import PackageManager, PackageManagerError
from provision.plugins.modules import package_versions_info

from .conftest import RunModule


class Packages(PackageManager):
    """A repository that has two versions, and a host that has one of them, held."""

    def __init__(self) -> None:
        self.is_fresh = False

    def refresh(self) -> None:
        self.is_fresh = True

    def versions(self, names: list[str]) -> dict[str, list[str]]:
        assert self.is_fresh
        return {name: ["2-1", "1-1"] if name == "toolkit" else [] for name in names}

    def installed(self) -> dict[str, str]:
        return {"toolkit": "1-1", "bash": "5"}

    def held(self) -> frozenset[str]:
        return frozenset({"toolkit", "linux-image-amd64"})


def install(monkeypatch: pytest.MonkeyPatch, error: PackageManagerError | None = None) -> None:
    @contextmanager
    def opened(*_: object) -> Iterator[PackageManager]:
        if error is not None:
            raise error
        yield Packages()

    monkeypatch.setattr(package_versions_info, "opened", opened)


def test_of_what_was_asked_for_all_is_told(run_module: RunModule, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch)
    result = run_module(package_versions_info, {"names": ["toolkit", "nothing"]})
    assert not result["changed"]
    assert result["versions"] == {"toolkit": ["2-1", "1-1"], "nothing": []}
    assert result["installed"] == {"toolkit": "1-1"}
    assert result["held"] == ["toolkit"]


def test_a_repository_that_cannot_be_read_is_an_error(
    run_module: RunModule, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, PackageManagerError("cannot be read", "check its address"))
    result = run_module(package_versions_info, {"names": ["toolkit"]})
    assert (result["failed"], result["msg"], result["hint"]) == (True, "cannot be read", "check its address")
