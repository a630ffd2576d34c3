"""Whatever a role changes on a fresh server is in its receipt, or came with a package."""

from dataclasses import dataclass
from typing import Any

import pytest

from .receipts_lab import HOST, ROLES, lab, receipts, snapshot, up

pytestmark = pytest.mark.e2e

# Made by programs or scripts of packages, and made anew by them.
_GENERATED = (
    "/etc/docker/key.json",  # dockerd, at its first start
    "/etc/group",  # compared member by member
    "/etc/gshadow",
    "/etc/ld.so.cache",
    "/etc/nvidia-container-runtime/config.toml",  # the toolkit's package, which keeps what it finds there
    "/etc/rc",  # update-rc.d
)


@dataclass(frozen=True)
class Run:
    """What a server was before and after one role ran on it, and the receipt."""

    before: Any
    after: Any
    receipt: Any


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    """Run one role after the other on a fresh server."""
    lab("up")
    lab("reset", HOST)
    found = {}
    before = snapshot()
    for role in ROLES:
        up("--only", role)
        after = snapshot()
        found[role] = Run(before, after, receipts()[role])
        before = after
    return found


@pytest.mark.parametrize("role", ROLES)
def test_everything_that_changed_is_in_the_receipt(runs: dict[str, Run], role: str) -> None:
    changed, known = _changed(runs[role]), _known(runs[role].receipt["resources"])
    assert changed
    missing = sorted(" ".join(each) for each in changed - known)
    assert not missing, f"not in the receipt of {role}: {missing}"


def _changed(run: Run) -> set[tuple[str, str]]:
    """Return kind and name of all that differs and did not come with a package."""
    differs = {
        kind: {
            name
            for name in run.before[kind].keys() | run.after[kind].keys()
            if run.before[kind].get(name) != run.after[kind].get(name)
        }
        for kind in ("files", "packages", "units", "groups")
    }
    # A dependency is whatever the package manager says is one.
    differs["packages"] -= set(run.after["automatic"])
    differs["files"] = {path for path in differs["files"] if not _is_explained(run, path)}
    return {(kind, name) for kind, names in differs.items() for name in names}


def _is_explained(run: Run, path: str) -> bool:
    if path.startswith(_GENERATED):
        return True
    now = run.after["files"].get(path, {})
    if path.startswith("/etc/systemd/system/") and ".wants/" in path and "target" in now:
        return True  # seen as a unit that is enabled
    if path in run.after["conffiles"]:
        return bool(run.after["conffiles"][path] == now.get("md5"))
    return path in run.after["packaged"] or path in run.before["packaged"]


def _known(resources: Any) -> set[tuple[str, str]]:  # noqa: ANN401 - as the receipt has it
    documents = resources.get("json_keys", [])
    entries = [documents] if isinstance(documents, dict) else documents
    files = {*resources.get("files", []), *resources.get("absent", []), *(each["path"] for each in entries)}
    return {
        *(("files", path) for path in files),
        *(("packages", name) for name in resources.get("packages", [])),
        *(("units", name) for name in resources.get("units", [])),
        *(("groups", name) for name in resources.get("groups", {})),
    }
