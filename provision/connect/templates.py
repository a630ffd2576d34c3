"""Templates in an inventory's values, as far as plain Jinja2 goes; what needs Ansible's own is refused.

As with Ansible, a template that is one expression gives its value (a list stays one), any other gives text.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, pass_context
from jinja2.nativetypes import NativeCodeGenerator
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

_THE_RUNS = frozenset(
    {
        "groups",
        "hostvars",
        "inventory_file",
        "omit",
        "play_hosts",
        "playbook_dir",
        "role_name",
        "role_path",
        "vars",
    }
)
"""Names that mean something in a run alone, as those of facts do; `default` must not pass over them."""

_LOOK_UP = "look up"
"""Where a context keeps its variables, under no name that a template could use."""


class TemplateRefusedError(Exception):
    """The template names something unknown, or a filter or lookup that only Ansible has."""


def render(text: str, variables: Mapping[str, object], resolve: Callable[[object], object]) -> object:
    """Return what the text's templates come to; `resolve` is asked for each variable that they name.

    Raises TemplateRefusedError.
    """

    def look_up(name: str, otherwise: Callable[[str], object]) -> object:
        if name in variables:
            return resolve(variables[name])
        if name in _THE_RUNS or name.startswith("ansible_"):
            raise TemplateRefusedError(text)
        return otherwise(name)

    try:
        template = _compiled(text)
        context = template.new_context({_LOOK_UP: look_up})
        parts = [part for part in template.root_render_func(context) if part is not None]
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise TemplateRefusedError(text) from error
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else "".join(map(str, parts))


class _Context(Context):
    """Looks variables up when a template needs them."""

    def resolve_or_missing(self, key: str) -> object:
        return self.parent[_LOOK_UP](key, super().resolve_or_missing)


@pass_context
def _finalized(_: Context, value: object) -> object:
    return _plain(value)


def _plain(value: object) -> object:
    """Return the value as YAML has it. Raises TypeError, and UndefinedError for what is not defined."""
    if value is None or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    raise TypeError(f"a template gave {type(value).__name__}")


@lru_cache
def _compiled(text: str) -> Template:
    return _ENVIRONMENT.from_string(text)


# A finalizer that takes the context also keeps constants such as `{{ ['a'] }}` from becoming text.
_ENVIRONMENT = SandboxedEnvironment(undefined=StrictUndefined, trim_blocks=True, finalize=_finalized)
_ENVIRONMENT.code_generator_class = NativeCodeGenerator
_ENVIRONMENT.context_class = _Context
