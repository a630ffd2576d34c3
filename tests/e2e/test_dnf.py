"""The package modules with a real dnf: what they say is what rpm then says."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from provision import lab

from .lab import ROOT, STATE, inside, run

pytestmark = pytest.mark.e2e

HOST = "dnf01"
LONG = "a-package-with-a-name-so-long-that-dnf-breaks-its-row-in-two"
_HERE = Path(__file__).with_name("dnf")
_SPEC = _HERE / "lab.yml"


def root(script: str) -> str:
    """Run a shell script as root on the server, and return what it prints."""
    return inside(HOST, script)


def module(module_name: str, arguments: Mapping[str, object], *, check: bool = False) -> Any:  # noqa: ANN401 - as modules return it
    """Run one of our modules on the server, and return its result, failed or not."""
    done = run(
        *(
            sys.executable,
            "-m",
            "ansible",
            "adhoc",
            HOST,
            "--inventory",
            STATE / "inventories" / "dnf.ini",
            "--become",
            "--one-line",
        ),
        *(["--check"] if check else []),
        *("--module-name", module_name, "--args", json.dumps({"manager": "dnf", **arguments})),
        cwd=ROOT,
    )
    assert "=>" in done.stdout, done
    return json.loads(done.stdout.partition("=>")[2])


def packages(*specs: str, check: bool = False, **arguments: Any) -> Any:  # noqa: ANN401 - as modules have it
    """Run package_set; a package is `name` or `name=version`."""
    wanted = {name: version or None for name, _, version in (each.partition("=") for each in specs)}
    return module("package_set", {"packages": wanted, "free_space_mib": 0, **arguments}, check=check)


def installed() -> set[str]:
    """Return what rpm has on record."""
    query = "rpm --query --all --queryformat '%{NAME}=%{VERSION}-%{RELEASE}\\n'"
    return {line for line in root(query).split() if not line.startswith("gpg-pubkey")}


def locks() -> str:
    """Return what dnf's version locks are."""
    return root("cat /etc/dnf/plugins/versionlock.list")


@pytest.fixture(scope="module")
def repository() -> Iterator[dict[str, object]]:
    """A server with a signed repository on its disk; the options that configure it."""
    lab.down(spec_file=_SPEC)
    lab.up(spec_file=_SPEC)
    fingerprint = root((_HERE / "repository.sh").read_text(encoding="utf-8")).strip()
    yield {
        "name": "site",
        "uri": "file:///srv/rpm/",
        "key": "file:///srv/rpm/key.asc",
        "key_fingerprints": [fingerprint],
    }
    lab.down(spec_file=_SPEC)


@pytest.fixture(scope="module")
def configured(repository: dict[str, object]) -> None:
    """Have the repository configured, and a driver installed."""
    module("package_repository", repository)
    packages("driver=580.105.08-1", "driver-libraries=580.105.08-1", allow_downgrade=True)


def test_a_driver_comes_moves_and_goes(repository: dict[str, object]) -> None:
    wanted: dict[str, Any] = {"hold": ["driver", "driver-libraries"]}
    first = ("driver=580.95.05-1", "driver-libraries=580.95.05-1")
    arriving = {"driver": "580.95.05-1", "driver-libraries": "580.95.05-1", "compiler": "1.0-1"}

    foreseen = packages(*first, check=True, pending_repositories=[repository], **wanted)
    assert foreseen["transaction"]["install"] == arriving, foreseen
    assert installed() == set()

    wrong = module("package_repository", {**repository, "key_fingerprints": ["0" * 40]})
    assert "expected " + "0" * 40 in wrong["msg"], wrong
    assert module("package_repository", repository)["changed"]

    done = packages(*first, **wanted)
    assert done["transaction"]["install"] == arriving, done
    assert installed() == {f"{name}={version}" for name, version in arriving.items()}
    assert "driver-0:580.95.05-1.*" in locks()
    assert not packages(*first, **wanted)["changed"]

    offered = module("package_versions_info", {"names": ["driver", "nothing"]})["versions"]
    assert offered == {"driver": ["595.71.05-1", "580.105.08-1", "580.95.05-1"], "nothing": []}

    second = ("driver=595.71.05-1", "driver-libraries=595.71.05-1")
    assert packages(*second, **wanted)["transaction"]["upgrade"] == {
        "driver": "595.71.05-1",
        "driver-libraries": "595.71.05-1",
    }
    assert {"driver=595.71.05-1", "driver-libraries=595.71.05-1"} <= installed()
    assert "driver-0:595.71.05-1.*" in locks()
    assert "580.95.05" not in locks()

    refused = packages(*first, **wanted)
    assert refused["refused"], refused
    assert refused["msg"].startswith("a downgrade: driver 595.71.05-1 -> 580.95.05-1"), refused
    assert packages(*first, allow_downgrade=True, **wanted)["changed"]
    assert "driver=580.95.05-1" in installed()

    swapped = packages("driver-of-others", absent=["driver", "driver-libraries"])["transaction"]
    assert swapped["install"] == {"driver-of-others": "1.0-1"}
    assert swapped["remove"] == swapped["unhold"] == ["driver", "driver-libraries"]
    assert installed() == {"driver-of-others=1.0-1", "compiler=1.0-1"}
    assert "driver" not in locks().replace("driver-of-others", "")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize(
    ("specs", "absent", "message"),
    [
        (["driver=9.9-1"], [], "no repository offers driver 9.9-1"),
        (["nothing"], [], "dnf cannot meet the request: No match for argument: nothing"),
        (["driver-libraries=580.105.08-1"], ["compiler"], "the package manager would remove driver"),
    ],
    ids=["unknown version", "unknown package", "takes others along"],
)
def test_what_cannot_be_met_changes_nothing(specs: list[str], absent: list[str], message: str) -> None:
    before = installed()
    result = packages(*specs, absent=absent)
    assert result["msg"].startswith(message), result
    assert result["hint"], result
    assert installed() == before


@pytest.mark.usefixtures("configured")
def test_a_long_name_is_read_over_two_rows() -> None:
    done = packages(LONG)
    assert done["transaction"]["install"] == {LONG: "1.0-1"}, done
    assert f"{LONG}=1.0-1" in installed()


@pytest.mark.usefixtures("configured")
def test_unsigned_packages_are_refused() -> None:
    root(
        "rpm --delsign /srv/rpm/noarch/driver-of-others-*.rpm; createrepo_c --quiet /srv/rpm; dnf clean -q all"
    )
    root("rpm --query driver-of-others && rpm --erase driver-of-others || true")
    result = packages("driver-of-others")
    assert result["msg"].startswith("dnf did not install driver-of-others as asked"), result
    assert "driver-of-others=1.0-1" not in installed()
