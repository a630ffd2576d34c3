"""What a role answers for on a host: measured when its receipt is written and when the host is asked, and compared.

The same code measures both times, so that two measurements differ only where the host does. Needs root.
"""

from typing import Any, Dict, Iterator, List, Mapping, Optional, Protocol, Tuple

from ..host.machine import Machine
from .kinds import (
    absent,
    cdi,
    files,
    gpus,
    groups,
    json_keys,
    kernel_modules,
    mig,
    nouveau_absent,
    packages,
    programs,
    units,
)
from .reasons import Kind, Reason


class ResourcesError(ValueError):
    """A role names a resource in a way that cannot be measured; the message says which."""


class Resource(Protocol):
    """What a file of `receipts.kinds` offers."""

    def measure(self, machine: Machine, wanted: Any, /) -> Any:  # noqa: ANN401 - each kind has a shape of its own
        """Return the state of what is wanted."""

    def compare(self, before: Any, now: Any, /) -> Iterator[Tuple[str, str]]:  # noqa: ANN401
        """Yield what differs, as (subject, sentence)."""


KINDS: Dict[Kind, Resource] = {
    Kind.GPUS: gpus,
    Kind.MIG: mig,
    Kind.KERNEL_MODULES: kernel_modules,
    Kind.NOUVEAU_ABSENT: nouveau_absent,
    Kind.PACKAGES: packages,
    Kind.PROGRAMS: programs,
    Kind.FILES: files,
    Kind.ABSENT: absent,
    Kind.JSON_KEYS: json_keys,
    Kind.GROUPS: groups,
    Kind.UNITS: units,
    Kind.CDI: cdi,
}
"""All kinds, in the order in which their differences are told."""


def measure(
    resources: Mapping[str, Any],
    machine: Optional[Machine] = None,
    known_units: Optional[Mapping[str, Dict[str, str]]] = None,
) -> Dict[str, Any]:
    """Return the state of the resources, under the same keys. Raises ResourcesError.

    `known_units` are states that were asked already, those of all units in question.
    """
    machine = machine or Machine()
    state = {}
    for name, wanted in resources.items():
        kind = Kind(name)
        if kind not in KINDS:
            raise ResourcesError("unknown kind `{}`".format(name))
        if not wanted:
            continue
        try:
            if kind is Kind.UNITS and known_units is not None:
                state[name] = {unit: known_units[unit] for unit in sorted(wanted)}
            else:
                state[name] = KINDS[kind].measure(machine, wanted)
        except (AttributeError, KeyError, TypeError) as error:
            raise ResourcesError("malformed ({})".format(error)) from error
    return state


def compare(receipt: Mapping[str, Any], now: Mapping[str, Any]) -> List[Reason]:
    """Return the differences between a receipt's state and `measure(receipt["resources"])` of now.

    Empty means that nothing differs. A kind of resource that the receipt measured and `now` lacks, or the
    other way round, is a difference too.
    """
    before = receipt["state"]
    reasons: List[Reason] = []
    for name in sorted({*before, *now}, key=_place):
        if before.get(name) == now.get(name):
            continue
        kind = Kind(name)
        if name not in before or name not in now or kind not in KINDS:
            reasons.append(Reason(Kind.UNMEASURED, name, "{} not measured".format(name.replace("_", " "))))
        else:
            found = KINDS[kind].compare(before[name], now[name])
            reasons += [Reason(kind, subject, text) for subject, text in found]
    exchanged = programs.exchanged(
        receipt["resources"].get("programs", {}), before.get("packages", {}), now.get("packages", {})
    )
    return [each for each in reasons if each.kind is not Kind.PROGRAMS or each.subject not in exchanged]


def _place(name: str) -> int:
    kinds = list(KINDS)
    return kinds.index(Kind(name)) if Kind(name) in KINDS else len(kinds)
