"""Whatever a role changes on a fresh server is in its receipt, or came with a package; and is predicted."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from .receipts_lab import A100, H100, HOSTS, ROLES, changes, fresh, on_each, plan, receipts, snapshot, up

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
# A server without a layout keeps nothing of MIG.
_CASES = [(host, role) for host in HOSTS for role in ROLES if (host, role) != (H100, "nvidia_mig")]


@dataclass(frozen=True)
class Run:
    """What a server was before and after one role ran on it, and the receipt."""

    before: Any
    after: Any
    receipt: Any


@dataclass(frozen=True)
class Story:
    """One role after the other on fresh servers: what was predicted, what changed, and the runs."""

    predicted: dict[str, dict[str, Any]]
    changed: dict[str, dict[str, Any]]
    runs: dict[tuple[str, str], Run]


@pytest.fixture(scope="module")
def story() -> Story:
    """Run one role after the other on fresh servers, each predicted just before."""
    fresh()
    found = Story({}, {}, {})
    before = on_each(snapshot)
    for role in ROLES:
        found.predicted[role] = changes(plan("--diff", "--only", role))
        found.changed[role] = changes(up("--only", role))
        after, written = on_each(snapshot), on_each(receipts)
        for host in HOSTS:
            found.runs[host, role] = Run(before[host], after[host], written[host][role])
        before = after
    return found


@pytest.mark.parametrize(("host", "role"), _CASES)
def test_everything_that_changed_is_in_the_receipt(story: Story, host: str, role: str) -> None:
    run = story.runs[host, role]
    assert _changed(run)
    assert not _missing(run), f"not in the receipt of {role} on {host}"


@pytest.mark.parametrize("role", ROLES)
def test_a_receipt_that_lacks_anything_is_noticed(story: Story, role: str) -> None:
    """Without this the test before could not fail."""
    run = story.runs[A100, role]
    lacking = list(_lacking(run))
    assert lacking
    unnoticed = [name for name, less in lacking if name not in _missing(less)]
    assert not unnoticed


@pytest.mark.parametrize("role", ROLES)
def test_half_way_through_the_prediction_names_exactly_what_changes(story: Story, role: str) -> None:
    assert story.predicted[role] == story.changed[role]


def _missing(run: Run) -> list[str]:
    """Return what changed and is not in the receipt."""
    return sorted(" ".join(each) for each in _changed(run) - _known(run.receipt["resources"]))


def _lacking(run: Run) -> Iterator[tuple[str, Run]]:
    """Yield each thing that changed, with the run as it were if the receipt lacked just that."""
    for kind, name in _changed(run):
        receipt = copy.deepcopy(run.receipt)
        resources = receipt["resources"]
        for entries in (resources.get("json_keys", []), resources.get(kind, [])):
            if isinstance(entries, dict) and entries.get("path", name) == name:
                entries.pop("path" if "path" in entries else name)
                break
            if name in entries:
                entries.remove(name)
                break
        yield f"{kind} {name}", replace(run, receipt=receipt)


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
    files = {*resources.get("files", []), *resources.get("absent", [])}
    files |= {each["path"] for each in entries if "path" in each}
    return {
        *(("files", path) for path in files),
        *(("packages", name) for name in resources.get("packages", [])),
        *(("units", name) for name in resources.get("units", [])),
        *(("groups", name) for name in resources.get("groups", {})),
    }
