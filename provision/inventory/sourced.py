"""Variables that remember where they were written, as plain values: Ansible's wrappers stay in here."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """The place of a definition; `line` is None where Ansible does not know it."""

    path: Path
    line: int | None

    def __str__(self) -> str:
        path = self.path
        if path.is_relative_to(Path.cwd()):
            path = path.relative_to(Path.cwd())
        return str(path) if self.line is None else f"{path}:{self.line}"


class Variables(dict[str, object]):
    """The raw variables of one host; `sources` names the definition that won, where it is known."""

    def __init__(self, values: Mapping[str, object], sources: Mapping[str, Source]) -> None:
        super().__init__(values)
        self.sources = dict(sources)


def read(variables: Mapping[str, object], leave_out: Iterable[str]) -> Variables:
    """Turn Ansible's tagged variables of one host into plain ones, without those that Ansible itself adds."""
    # Importing Ansible reads its settings, which are not there before this function is called.
    from provision.plugins.plugin_utils import ansible_private

    names = [name for name in variables if name not in frozenset(leave_out)]
    sources = {}
    for name in names:
        source = _source(name, variables[name])
        if source is not None:
            sources[str(name)] = source
    return Variables({str(name): ansible_private.plain(variables[name]) for name in names}, sources)


def origin(tagged: object) -> Source | None:
    """Return where Ansible read the value or raised the error, if it kept that."""
    from provision.plugins.plugin_utils import ansible_private

    place = ansible_private.origin(tagged)
    return None if place is None else Source(*place)


def _source(name: str, value: object) -> Source | None:
    """Return the line of the name where it belongs to the value that won, otherwise the value's own.

    Merged dictionaries keep the first key and the last value, and neither booleans nor null carry a tag.
    """
    at_name, at_value = origin(name), origin(value)
    if at_value is None or (
        at_name is not None and at_name.path == at_value.path and _above(at_name, at_value)
    ):
        return at_name
    return at_value


def _above(name: Source, value: Source) -> bool:
    return name.line is not None and value.line is not None and value.line - name.line in (0, 1)
