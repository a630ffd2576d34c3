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
    names = [name for name in variables if name not in frozenset(leave_out)]
    sources = {}
    for name in names:
        source = _source(name, variables[name])
        if source is not None:
            sources[str(name)] = source
    return Variables({str(name): plain(variables[name]) for name in names}, sources)


def plain(value: object) -> object:
    """Return the value as JSON knows it: templates unresolved, a vaulted string as its ciphertext."""
    from ansible.module_utils._internal._datatag import AnsibleTagHelper
    from ansible.parsing.vault import EncryptedString, VaultHelper

    if isinstance(value, EncryptedString):
        return {"__ansible_vault": str(VaultHelper.get_ciphertext(value, with_tags=False))}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    # Not Ansible's tagged subclass of str or int: it would follow every copy and comparison.
    native: object = AnsibleTagHelper.as_native_type(value)
    return native if native is None or isinstance(native, (str, int, float)) else str(native)


def origin(tagged: object) -> Source | None:
    """Return where Ansible read the value or raised the error, if it kept that."""
    from ansible._internal._datatag._tags import Origin

    tag = tagged if isinstance(tagged, Origin) else Origin.get_tag(tagged)
    return Source(Path(tag.path), tag.line_num or None) if tag is not None and tag.path else None


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
