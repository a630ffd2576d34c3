"""Kind `groups`: users in groups. Wanted: `{group: [users]}`.

State: `{group: {user: whether he is in it, by its list or because it is his own group}}`.
"""

from typing import Dict, Iterable, Iterator, List, Mapping, Tuple

from ...host.machine import Machine

_State = Mapping[str, Mapping[str, bool]]


def measure(machine: Machine, wanted: Mapping[str, Iterable[str]]) -> Dict[str, Dict[str, bool]]:
    """Tell who is in which group."""
    return {name: _members(machine, name, users) for name, users in sorted(wanted.items())}


def compare(before: _State, now: _State) -> Iterator[Tuple[str, str]]:
    """Tell who has left a group."""
    for group, users in sorted(before.items()):
        for user, member in sorted(users.items()):
            if member and not now.get(group, {}).get(user):
                yield user, "user {} no longer in group {}".format(user, group)


def _members(machine: Machine, name: str, users: Iterable[str]) -> Dict[str, bool]:
    members: List[str] = []
    number = None
    for line in (machine.read("/etc/group") or "").splitlines():
        fields = line.split(":")
        if fields[0] == name and len(fields) == 4:
            number, members = fields[2], fields[3].split(",")
    primary = {
        fields[0]
        for fields in (line.split(":") for line in (machine.read("/etc/passwd") or "").splitlines())
        if len(fields) > 3 and fields[3] == number
    }
    return {user: user in members or user in primary for user in sorted(users)}
