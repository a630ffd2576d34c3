"""What went into a role on one host: its own files, the plugins it runs, the variables that reach it.

The action plugin `role_receipt` records this when a role has succeeded; the controller computes it again from
the inventory to tell whether the role would now be run with something else. Both call these functions, so the
two can only differ where the inputs do. No value is recorded that could be secret: a variable is recorded as
a salted digest, and only short plain values of variables that nothing marks as secret are recorded readably.
"""

import hashlib
import hmac
import json
import os
import re
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Mapping, Optional, Set, Tuple

from ..bundle import closure, reader
from .reasons import Kind, Reason

VAULTED = "__ansible_vault"
"""Key under which a vaulted value is represented: by its ciphertext."""

CONNECTION = ("ansible_host", "ansible_port", "ansible_user")
"""The variables of Ansible's own that count: a template may refer to them, and nothing else sets them."""

_CONTROL = "provision_"
_SECRET_NAME = re.compile(
    r"pass(word|phrase|wd)?(_|$)|secret|token|credential|private|key(_|$)|auth", re.IGNORECASE
)
_URL_WITH_PASSWORD = re.compile(r"://[^/\s]*@")
_SHOWN_LENGTH = 80


def spec_variables(specs: Mapping[str, Any]) -> Dict[str, bool]:
    """Return the variables that a role's argument specs name, each with whether it is marked `no_log`.

    `specs` is the parsed `meta/argument_specs.yml`. Consent is left out: see `is_consent`.
    """
    found: Dict[str, bool] = {}
    for entry in (specs.get("argument_specs") or {}).values():
        for name, option in ((entry or {}).get("options") or {}).items():
            if not is_consent(name):
                found[name] = found.get(name, False) or bool((option or {}).get("no_log"))
    return found


def is_consent(name: str) -> bool:
    """Tell whether a variable only allows a disruption (`<role>_allow_<disruption>`).

    It says how a state may be reached, not what it is: giving consent leaves a converged host converged.
    """
    return "_allow_" in name


def has_template(value: object) -> bool:
    """Tell whether a raw value holds a Jinja template. A vaulted value is none."""
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        if VAULTED in value:
            return False
        return any(has_template(key) or has_template(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return any(has_template(item) for item in value)
    return False


def digest(salt: str, value: object) -> str:
    """Return the salted digest of a JSON-like value; key order does not matter."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.new(salt.encode(), text.encode(), hashlib.sha256).hexdigest()


def reachable(variables: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what a template in the inventory can refer to: all but Ansible's and our own run variables."""
    return {
        name: value
        for name, value in variables.items()
        if name in CONNECTION or not name.startswith(("ansible_", _CONTROL))
    }


def shown(name: str, value: object, no_log: bool) -> Optional[str]:
    """Return the value as a person reads it, or None where it could be secret, is a template or is long."""
    if no_log or _SECRET_NAME.search(name) or not isinstance(value, (str, int, float, bool)):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if has_template(text) or len(text) > _SHOWN_LENGTH or "\n" in text or _URL_WITH_PASSWORD.search(text):
        return None
    return text


def with_files(
    specs: Mapping[str, bool], variables: Mapping[str, Any], read: Callable[[str], Optional[bytes]]
) -> Dict[str, Any]:
    """Return the variables with those that name a file of the control machine replaced by name and content.

    A key or a layout that is given as a file reaches the role too: it must run again when the file changes.
    `read` gives the content of the file that a value names, None where it names none.
    """
    found = dict(variables)
    for name, value in variables.items():
        data = read(value) if name in specs and isinstance(value, str) else None
        if data is not None:
            found[name] = {"file": value, "sha256": hashlib.sha256(data).hexdigest()}
    return found


def content_of(value: str, folder: str) -> Optional[bytes]:
    """Return the content of the file of this machine that a value names, None where it names none.

    `folder` is the inventory's, which a relative name begins at; empty where there is none.
    """
    path = os.path.join(folder, os.path.expanduser(value))
    if "\n" in value or not os.path.isabs(path) or not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return None


def content_digest(role: str, plugins: str) -> str:
    """Return the digest of a role's files and of the plugins that it runs, given the two folders.

    A plugin counts where its name stands anywhere in the role's files, with all that it imports of ours.
    Documentation and compiled files do not count: they change nothing on a host.
    """
    total = hashlib.sha256()
    words = set()
    for path in _files(role):
        with open(path, "rb") as file:
            content = file.read()
        words.update(re.findall(r"\w+", content.decode("utf-8", "replace")))
        _add(total, os.path.relpath(path, role), content)
    for name, text in sorted(_used_plugins(plugins, words).items()):
        _add(total, name, text.encode())
    return total.hexdigest()


def _add(total: Any, name: str, content: bytes) -> None:  # noqa: ANN401 - hashlib's types have no public name
    total.update("{} {}\n".format(name, hashlib.sha256(content).hexdigest()).encode())


def _used_plugins(plugins: str, words: Set[str]) -> Dict[str, str]:
    """Return the sources, by path below the plugins' folder, of the named plugins and of what they import."""
    named = [
        "{}.{}".format(folder, word)
        for folder in ("action", "modules")
        for word in words
        if os.path.isfile(os.path.join(plugins, folder, word + ".py"))
    ]
    return closure(named, reader(plugins)) if named else {}


def _files(folder: str) -> Iterator[str]:
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            if not name.endswith((".pyc", ".md")):
                yield os.path.join(base, name)


def record(
    salt: str,
    content: str,
    specs: Mapping[str, bool],
    variables: Mapping[str, Any],
    unreadable: FrozenSet[str] = frozenset(),
) -> Dict[str, Any]:
    """Return the `inputs` of a receipt.

    `specs` is the answer of `spec_variables`, `variables` the raw values that reach the host. `unreadable`
    names variables whose plain value is a secret on disk (they come from a file that is vaulted as a whole).
    """
    set_ = {name: variables[name] for name in sorted(specs) if name in variables}
    entries: Dict[str, Any] = {}
    for name, value in set_.items():
        entries[name] = {"digest": digest(salt, value)}
        text = None if name in unreadable else shown(name, value, specs[name])
        if text is not None:
            entries[name]["shown"] = text
    everything = digest(salt, reachable(variables)) if _templated(set_) else None
    return {"salt": salt, "content": content, "variables": entries, "everything": everything}


def differences(
    recorded: Mapping[str, Any],
    content: str,
    specs: Mapping[str, bool],
    variables: Mapping[str, Any],
) -> List[Reason]:
    """Return how the inputs differ from the recorded ones. Empty: they are the same."""
    salt = recorded["salt"]
    before = recorded["variables"]
    now = {name: variables[name] for name in sorted(specs) if name in variables}
    reasons = []
    for name in sorted(set(before) | set(now)):
        text = _change(name, before.get(name), now, salt, specs)
        if text:
            reasons.append(Reason(Kind.VARIABLE, name, text))
    templated = _templated(now)
    if not reasons and templated and recorded["everything"] != digest(salt, reachable(variables)):
        changed = "a variable of the host changed, and `{}` may refer to it"
        reasons += [Reason(Kind.TEMPLATE, name, changed.format(name)) for name in templated]
    if recorded["content"] != content:
        reasons.append(Reason(Kind.CONTENT, "", "the role itself changed"))
    return reasons


def _templated(variables: Mapping[str, Any]) -> Tuple[str, ...]:
    return tuple(sorted(name for name, value in variables.items() if has_template(value)))


def _change(
    name: str,
    before: Optional[Mapping[str, Any]],
    now: Mapping[str, Any],
    salt: str,
    specs: Mapping[str, bool],
) -> Optional[str]:
    if before is None:
        text = shown(name, now[name], specs[name])
        return "{} set".format(name) if text is None else "{} set to {}".format(name, text)
    if name not in now:
        old = before.get("shown")
        return "{} no longer set{}".format(name, "" if old is None else " (was {})".format(old))
    if hmac.compare_digest(before["digest"], digest(salt, now[name])):
        return None
    old, new = before.get("shown"), shown(name, now[name], specs[name])
    if old is None or new is None or old == new:
        return "{} changed".format(name)
    return "{} {} -> {}".format(name, old, new)
