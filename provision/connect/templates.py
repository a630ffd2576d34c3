"""Templates in connection variables, as far as plain Jinja2 goes; what needs Ansible's own is refused."""

from collections.abc import Callable, Mapping

from jinja2 import StrictUndefined, TemplateError
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment


class TemplateRefusedError(Exception):
    """The template names something unknown, or a filter or lookup that only Ansible has."""


def render(text: str, variables: Mapping[str, object], resolve: Callable[[object], object]) -> str:
    """Return the text with its templates filled in; `resolve` is asked for each variable that they name.

    Raises TemplateRefusedError.
    """

    class _Resolving(Context):
        def resolve_or_missing(self, key: str) -> object:
            return resolve(variables[key]) if key in variables else super().resolve_or_missing(key)

    environment = SandboxedEnvironment(undefined=StrictUndefined)
    environment.context_class = _Resolving
    try:
        return environment.from_string(text).render()
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise TemplateRefusedError(text) from error
