"""What the checks mean for a host that was changed: it is verified, or it has failed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from provision.errors import ProvisionError
from provision.model.fleet import Fleet
from provision.model.run import HostRun, Outcome
from provision.up.effects import Effects
from provision.up.watcher import Watcher

if TYPE_CHECKING:  # only hosts that were changed pay for what verifies them
    from provision.verify import HostReport


def prove(
    fleet: Fleet, hosts: Mapping[str, HostRun], effects: Effects, watcher: Watcher
) -> dict[str, HostRun]:
    """Verify the hosts that changed and return all: one that fails a check, or has none done, has failed."""
    changed = [name for name, host in hosts.items() if host.outcome is Outcome.CHANGED]
    if not changed:
        return dict(hosts)
    watcher.phase("Verifying", len(changed))
    try:
        reports = effects.verify(fleet, changed).hosts
    except ProvisionError as error:
        proved = {name: _failed(fleet, name, hosts[name], error.message) for name in changed}
    else:
        proved = {report.name: _judged(fleet, hosts[report.name], report) for report in reports}
    return {**hosts, **proved}


def _judged(fleet: Fleet, host: HostRun, report: "HostReport") -> HostRun:
    bad = [f"{check.id}: {check.detail}" for check in report.checks if check.outcome == "failed"]
    if bad:
        return _failed(fleet, report.name, host, "; ".join(bad))
    # It speaks for all, and is skipped where only the run knows the image: then nothing is proven.
    seen = any(check.id == "container_sees_gpus" and check.outcome == "passed" for check in report.checks)
    return replace(host, verified=seen)


def _failed(fleet: Fleet, name: str, host: HostRun, why: str) -> HostRun:
    return replace(
        host,
        outcome=Outcome.FAILED,
        error=f"provisioned, but not verified: {why}",
        hint=f"`provision verify -i {fleet.inventory} --limit {name}` shows the evidence",
    )
