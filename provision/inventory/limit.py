"""Which hosts a limit leaves. Ansible decides what a pattern matches; what names nothing never gets to it.

To Ansible an empty limit is no limit, and an exclusion that matches nothing spares nobody: it warns and goes on.
"""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from provision.errors import InventoryError
from provision.inventory import ansible_private

_PATTERNS = "a limit is an Ansible host pattern: names, groups, `*`, `:&`, `:!`, `~regex` or `@file`"
_NOTHING = "name hosts or groups, or leave `--limit` out for all hosts; is a variable of your shell empty?"
_ONE_SEPARATOR = "put commas between all parts, or colons between all"
_MODIFIERS = ("!", "&")
_SEPARATORS = (",", ":")


def check_names(hosts: Iterable[str], inventory: Path) -> None:
    """Raise InventoryError for a host whose name means more than this host, as a pattern or as a template."""
    for name in hosts:
        if not _is_plain(name):
            raise InventoryError(
                f"a host of `{inventory}` is named {name!r}, which Ansible takes for a pattern",
                hint="name it in letters and digits, and put its address into `ansible_host`",
            )


def _is_plain(name: str) -> bool:
    from ansible.inventory.manager import split_host_pattern

    return (
        name != "all"
        and name.isprintable()
        and not name.startswith(("!", "&", "~", "@"))
        and not set("*?[]{}").intersection(name)
        and split_host_pattern(name) == [name]
    )


def limited(manager: Any, inventory: Path, limit: str | None) -> list[Any]:  # noqa: ANN401 - Ansible has no types
    """Return the hosts of Ansible's inventory that the limit leaves, in the inventory's order.

    Raises InventoryError for a limit that is no pattern, names nothing or leaves nobody, and for a part of it
    that matches nothing.
    """
    from ansible.errors import AnsibleError

    if limit is None:
        return list(manager.get_hosts("all"))
    with ansible_private.failures():
        try:
            for part in _parts(limit):
                _check_part(part, limit, manager, inventory)
            manager.subset(limit)
            hosts = list(manager.get_hosts("all"))
        except AnsibleError as error:
            raise InventoryError(f"`--limit {limit}`: {_first_line(error)}", hint=_PATTERNS) from error
    if not hosts:
        raise InventoryError(
            f"`--limit {limit}` leaves no host of `{inventory}`", hint="its parts exclude each other"
        )
    return hosts


def _parts(limit: str) -> list[str]:
    """Return the patterns in a limit, those in its files included."""
    from ansible.inventory.manager import split_host_pattern

    parts = [pattern for part in split_host_pattern(limit) for pattern in _expanded(part, limit)]
    if not parts:
        raise InventoryError(f"`--limit {limit}` names no host", hint=_NOTHING)
    # Of `$GROUP:!gpu-3` only the exclusion is left where the variable is empty.
    if all(part.startswith(_MODIFIERS) for part in parts) and _has_gap(limit):
        raise InventoryError(f"`--limit {limit}` takes away from nothing", hint=_NOTHING)
    return parts


def _expanded(part: str, limit: str) -> Iterator[str]:
    if not part.startswith("@"):
        yield part
        return
    path = Path(part[1:])
    if not path.is_file():
        raise InventoryError(f"`--limit {limit}`: Unable to find limit file `{path}`", hint=_PATTERNS)
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").split("\n")]
    except (OSError, UnicodeDecodeError) as error:
        raise InventoryError(f"`--limit {limit}`: cannot read `{path}`: {error}", hint=_PATTERNS) from error
    if not any(lines):
        raise InventoryError(f"`--limit {limit}`: `{path}` names no host", hint=_NOTHING)
    yield from filter(None, lines)


def _has_gap(limit: str) -> bool:
    text = limit.strip()
    return (
        text.startswith(_SEPARATORS) or text.endswith(_SEPARATORS) or not all(map(str.strip, text.split(",")))
    )


def _check_part(part: str, limit: str, manager: Any, inventory: Path) -> None:  # noqa: ANN401
    from ansible.inventory.manager import split_host_pattern

    name = part[1:].strip() if part.startswith(_MODIFIERS) else part
    if name in ("", "~") or name.startswith(_MODIFIERS):
        raise InventoryError(f"`--limit {limit}`: `{part}` names nothing", hint=_NOTHING)
    if split_host_pattern(name) != [name]:
        raise InventoryError(f"`--limit {limit}`: `{part}` is no pattern", hint=_ONE_SEPARATOR)
    if not set(manager.hosts).intersection(map(str, manager.list_hosts(name))):
        raise _no_match(name, inventory, [*manager.groups, *manager.hosts])


def _no_match(part: str, inventory: Path, names: list[str]) -> InventoryError:
    names = sorted(set(names) - {"ungrouped"})
    near = get_close_matches(part, names, n=1)
    return InventoryError(
        f"`--limit` names `{part}`, but no host or group of `{inventory}` matches it",
        hint=f"did you mean `{near[0]}`?"
        if near
        else f"known: {', '.join(names[:12])}{', …' * (len(names) > 12)}",
    )


def _first_line(error: Exception) -> str:
    return str(getattr(error, "message", error)).strip().splitlines()[0].rstrip(".")
