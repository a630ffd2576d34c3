"""What fixtures need of the machine; tests say it with the mark `needs` (tests/conftest.py)."""

from collections.abc import Callable
from typing import TypeVar

F = TypeVar("F", bound=Callable[..., object])


def needing(*what: str) -> Callable[[F], F]:
    """Note below `@pytest.fixture` that whoever uses the fixture needs `root`, or these programs."""

    def note(function: F) -> F:
        function.__dict__["needs"] = what
        return function

    return note
