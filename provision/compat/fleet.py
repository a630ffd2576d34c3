"""What `provision up` refuses before it touches a host: drivers that do not fit the GPUs found there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from provision.compat import matrix as data
from provision.compat import rules
from provision.compat.matrix import Matrix, Row
from provision.compat.rules import Reason, Verdict
from provision.compat.version import Version
from provision.errors import UsageError
from provision.model.fleet import Fleet, Host
from provision.model.observed import HostProbe, Observed
from provision.plugins.module_utils.gpus import boards

ROLE = "nvidia_driver"


@dataclass(frozen=True)
class Refusal:
    """A combination that cannot work on a host, or should not be started; `row` decided, where data did."""

    host: str
    message: str
    hint: str | None
    row: Row | None


@dataclass(frozen=True)
class _Wish:
    """The driver that the inventory asks of a host; None for what only the run knows."""

    version: Version | None
    flavour: str | None
    source: str | None


def refusals(fleet: Fleet, probes: Mapping[str, HostProbe]) -> list[Refusal]:
    """Return every reason not to start, in the fleet's order. Hosts without GPUs or answer give none."""
    return [each for host, observed in _hosts_with_gpus(fleet, probes) for each in _refusals(host, observed)]


def warnings(fleet: Fleet, probes: Mapping[str, HostProbe], *, today: date | None = None) -> list[Refusal]:
    """Return what works but should be known: branches out of support, GPUs newer than the data."""
    matrix, found = data.load(), []
    for host, observed in _hosts_with_gpus(fleet, probes):
        wish = _wish(host)
        if wish.version is not None:
            for reason in rules.support_of_branch(matrix, wish.version, today or date.today()):
                if reason.verdict is Verdict.WARNING:
                    found.append(Refusal(host.name, _where(reason, host.name), reason.hint, reason.row))
        for pci_id in _distinct(observed):
            if boards.architecture(pci_id) is None:
                message = f"GPU `{pci_id}` on {host.name} is in no table; nothing was checked for it"
                found.append(Refusal(host.name, message, None, None))
    return found


def _refusals(host: Host, observed: Observed) -> Iterator[Refusal]:
    matrix = data.load()
    distribution = matrix.distribution(observed.distribution, observed.major)
    if distribution is None:
        known = ", ".join(rules.title(row) for row in matrix.rows("distributions"))
        message = f"{observed.os} on {host.name} is not supported"
        yield Refusal(host.name, message, f"supported: {known}", None)
        return
    for reason in _judge(_wish(host), observed, distribution):
        if reason.verdict is Verdict.NO:
            yield Refusal(host.name, _where(reason, host.name), reason.hint, reason.row)
    ids = _distinct(observed)
    if boards.modules_of(ids) == boards.CONFLICT:
        names = ", ".join(f"{rules.label(each)} ({boards.modules(each)})" for each in ids)
        message = f"no one kernel module drives every GPU on {host.name}: {names}"
        hint = "GPUs that need the open and the proprietary one need a server each"
        yield Refusal(host.name, message, hint, None)


def _judge(wish: _Wish, observed: Observed, distribution: Row) -> Iterator[Reason]:
    matrix = data.load()
    version = wish.version
    if wish.source == "distro" and version is not None:
        yield from rules.driver_in_archive(distribution, version)
    for pci_id in _distinct(observed):
        if version is not None:
            for reason in rules.driver_for_gpu(matrix, pci_id, version):
                if wish.source == "distro" and reason.hint:
                    # Another version alone would not help: the archive does not have it.
                    yield replace(reason, hint=f"set `{ROLE}_source: nvidia`, and {reason.hint}")
                else:
                    yield reason
        if wish.flavour in (boards.OPEN, boards.PROPRIETARY):
            yield from rules.modules_for_gpu(matrix, pci_id, wish.flavour)
    if version is not None:
        yield from _packaged(matrix, version, wish.flavour, observed)


def _packaged(matrix: Matrix, version: Version, flavour: str | None, observed: Observed) -> Iterator[Reason]:
    """Answer whether the branch has the modules that were asked for, or that `auto` would have to pick."""
    needed = boards.modules_of(_distinct(observed)) if flavour == "auto" else flavour
    if needed in (boards.OPEN, boards.PROPRIETARY):
        yield from rules.modules_of_branch(matrix, version, needed)


def _wish(host: Host) -> _Wish:
    version = host.desired.text(f"{ROLE}_version")
    try:
        parsed = None if version is None else Version.parse(version)
    except UsageError as error:
        raise UsageError(f"`{ROLE}_version` of {host.name}: {error.message}", hint=error.hint) from error
    return _Wish(parsed, host.desired.text(f"{ROLE}_flavour"), host.desired.text(f"{ROLE}_source"))


def _hosts_with_gpus(fleet: Fleet, probes: Mapping[str, HostProbe]) -> Iterator[tuple[Host, Observed]]:
    for host in fleet.hosts:
        probe = probes.get(host.name)
        if probe is not None and probe.observed is not None and probe.observed.gpus:
            yield host, probe.observed


def _distinct(observed: Observed) -> list[str]:
    return list(dict.fromkeys(gpu.id for gpu in observed.gpus))


def _where(reason: Reason, host: str) -> str:
    return f"{reason.what} on {host}" + (f" ({reason.why})" if reason.why else "")
