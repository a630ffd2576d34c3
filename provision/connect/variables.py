"""The variables of a host as the run would have them, as far as that can be told without Ansible."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from provision.model.fleet import Host
from provision.plugins.module_utils.receipts.inputs import VAULTED, has_template

Decrypt = Callable[[str], str]

_DEEPEST = 10


class UnresolvedError(Exception):
    """A variable cannot be resolved without Ansible."""


def is_literal(value: object) -> bool:
    """Tell whether a raw value stands for itself: it holds no template, and nothing that is vaulted."""
    if isinstance(value, Mapping):
        return VAULTED not in value and all(is_literal(item) for pair in value.items() for item in pair)
    if isinstance(value, list):
        return all(map(is_literal, value))
    return not has_template(value)


class Variables:
    """One host's variables, resolved one at a time: vaulted ones decrypted, templates rendered.

    `decrypt` turns the ciphertext of a vaulted value into its plain text; it may raise UnresolvedError.
    `defaults` are values of variables that the host does not set.
    """

    def __init__(
        self, host: Host, decrypt: Decrypt, defaults: Mapping[str, object] = MappingProxyType({})
    ) -> None:
        self._raw: Mapping[str, object] = {
            **defaults,
            "inventory_hostname": host.name,
            "inventory_hostname_short": host.name.split(".")[0],
            "inventory_dir": host.folder or None,
            "group_names": list(host.groups),
            **host.variables,
        }
        self._decrypt = decrypt

    def value(self, name: str) -> object:
        """Return the value of the variable, None where it is not set. Raises UnresolvedError."""
        return self._resolve(self._raw.get(name), 0)

    def _resolve(self, value: object, depth: int) -> object:
        if isinstance(value, Mapping) and VAULTED in value:
            return self._decrypt(str(value[VAULTED]))
        if isinstance(value, Mapping) and depth:
            return _Lazy(value, lambda item: self._resolve(item, depth))
        if isinstance(value, Mapping):
            return {key: self._resolve(item, depth) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolve(item, depth) for item in value]
        if not isinstance(value, str) or not has_template(value):
            return value
        if depth > _DEEPEST:
            raise UnresolvedError(value)
        from provision.connect.templates import TemplateRefusedError, render

        try:
            return render(value, self._raw, lambda item: self._resolve(item, depth + 1))
        except TemplateRefusedError as error:
            raise UnresolvedError(value) from error


class _Lazy(Mapping[str, object]):
    """A mapping that a template refers to: what it does not take from it need not be resolvable."""

    def __init__(self, raw: Mapping[str, object], resolve: Callable[[object], object]) -> None:
        self._raw = raw
        self._resolve = resolve

    def __getitem__(self, key: str) -> object:
        return self._resolve(self._raw[key])

    def __iter__(self) -> Iterator[str]:
        return iter(self._raw)

    def __len__(self) -> int:
        return len(self._raw)
