"""Variables that no role would read, or could not: found before a host is touched.

Ansible passes over a misspelt variable in silence, and the role then does its default.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches

from provision import content
from provision.connect.variables import is_literal
from provision.errors import VariableError
from provision.inventory.sourced import Source, Variables
from provision.inventory.specs import Option, Specs, load_specs
from provision.model.fleet import Fleet

_NEAR = 0.88
"""Likeness above which a foreign-looking name is taken for a misspelt one of ours (1 is equal).

One letter too many, missing or wrong in our shortest names is above it; the variables of the public roles
for Docker and NVIDIA (`docker_users`, `nvidia_driver_pkg_hold` apart, which our own prefix covers) are below.
"""

_PYTHON_TYPES = {
    "dict": "a mapping",
    "list": "a list",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
_CONTAINERS = {"dict": dict, "list": list}


@dataclass(frozen=True)
class Problem:
    """One variable that cannot be used as it stands."""

    name: str
    message: str
    hint: str
    source: Source | None


def check_variables(fleet: Fleet) -> None:
    """Raise VariableError for the first unknown, misspelt or wrongly typed role variable of the fleet.

    The message names file and line, the hint the nearest name and any further finds. Variables that are not
    ours are never looked at, and values with templates or in a vault are left to the run.
    """
    problems = find_problems(fleet, load_specs(content.roles_directory()))
    if not problems:
        return
    first, *others = problems
    hint = first.hint
    if others:
        hint += f" (and {len(others)} more: {', '.join(_named(other) for other in others)})"
    raise VariableError(first.message, hint=hint)


def find_problems(fleet: Fleet, specs: Specs) -> tuple[Problem, ...]:
    """Return each problem once, however many hosts share the definition."""
    found: dict[tuple[str, Source | None, str], Problem] = {}
    for host in fleet.hosts:
        for problem in _problems(host.name, host.variables, specs):
            found.setdefault((problem.name, problem.source, problem.message), problem)
    return tuple(found.values())


def _problems(host: str, variables: Mapping[str, object], specs: Specs) -> Iterator[Problem]:
    for name, value in variables.items():
        source = variables.sources.get(name) if isinstance(variables, Variables) else None
        where = f"in {source}" if source else f"of host {host}"
        option = specs.options.get(name)
        if option is not None:
            wrong = _wrong_value(option, value)
            if wrong:
                yield Problem(name, f"{wrong} {where}", _accepted(option), source)
        elif _is_ours(name, specs):
            yield Problem(name, f"unknown variable `{name}` {where}", _nearest(name, specs), source)


def _is_ours(name: str, specs: Specs) -> bool:
    if name.startswith(tuple(f"{role}_" for role in specs.roles)):
        return True
    return any(_likeness(name, known) >= _NEAR for known in specs.options)


def _likeness(left: str, right: str) -> float:
    matcher = SequenceMatcher(a=left, b=right, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= _NEAR and matcher.quick_ratio() >= _NEAR else 0.0


def _nearest(name: str, specs: Specs) -> str:
    near = get_close_matches(name, specs.options, n=1, cutoff=0.75)
    if near:
        return f"did you mean `{near[0]}`?"
    role = next(role for role in specs.roles if name.startswith(f"{role}_"))
    known = sorted(option.name for option in specs.options.values() if option.role == role)
    return f"role {role} knows {', '.join(known)}"


def _wrong_value(option: Option, value: object) -> str | None:
    """Return what is wrong with the value, or None; Ansible's own validator decides, as in the run."""
    if value is None or not is_literal(value):
        return None
    shown = "" if option.secret else f", not `{_short(value)}`"
    kind = option.spec.get("type", "str")
    choices = option.spec.get("choices")
    if kind in ("str", "path") and isinstance(value, (dict, list)):
        # Ansible would turn it into its text and carry on.
        return f"`{option.name}` must be a string, not {_PYTHON_TYPES[type(value).__name__]},"
    container = _CONTAINERS.get(str(kind))
    if container is not None and not isinstance(value, container):
        # Ansible's validator would accept a single value or "a,b", but the role gets it as it was written.
        return f"`{option.name}` must be {_PYTHON_TYPES[str(kind)]}{shown}"
    errors = _validate(option, value)
    if not errors:
        return None
    if isinstance(choices, list) and kind != "list":
        return f"`{option.name}` must be one of {', '.join(map(str, choices))}{shown}"
    if kind in _PYTHON_TYPES and not _has_type(str(kind), value):
        return f"`{option.name}` must be {_PYTHON_TYPES[str(kind)]}{shown}"
    return f"`{option.name}`: the value is not accepted" if option.secret else f"`{option.name}`: {errors[0]}"


def _validate(option: Option, value: object) -> list[str]:
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    lenient = {key: part for key, part in option.spec.items() if key not in ("default", "required")}
    return list(ArgumentSpecValidator({option.name: lenient}).validate({option.name: value}).error_messages)


def _has_type(kind: str, value: object) -> bool:
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

    return not ArgumentSpecValidator({"value": {"type": kind}}).validate({"value": value}).error_messages


def _accepted(option: Option) -> str:
    default = option.spec.get("default")
    known = "" if default is None or option.secret else f"; its default is `{_short(default)}`"
    return f"the README of role {option.role} describes `{option.name}`{known}"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _named(problem: Problem) -> str:
    return f"`{problem.name}`" + (f" in {problem.source}" if problem.source else "")
