"""Options that commands share: what they come to, and what is said of one that cannot be."""

from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner

from provision import content
from provision.cli import options
from provision.errors import UsageError


def given(
    decorator: Callable[[Callable[..., None]], Callable[..., None]], *arguments: str
) -> dict[str, object]:
    """Return what a command gets that has the option."""
    got: dict[str, object] = {}

    @click.command()
    @decorator
    def command(**values: object) -> None:
        got.update(values)

    CliRunner().invoke(command, arguments, catch_exceptions=False)
    return got


def test_roles_come_in_the_order_in_which_they_run() -> None:
    backwards = ",".join(reversed(content.ROLES))
    assert given(options.only, "--only", backwards) == {"roles": content.ROLES}
    assert given(options.only, "--only", " docker_engine ,") == {"roles": ("docker_engine",)}
    assert given(options.only) == {"roles": content.ROLES}


@pytest.mark.parametrize(
    ("names", "message", "hint"),
    [
        ("nvidia_drivers", "unknown role `nvidia_drivers`", "did you mean `nvidia_driver`?"),
        ("xyz", "unknown role `xyz`", f"known: {', '.join(content.ROLES)}"),
        (" , ", "`--only` names no role", f"known: {', '.join(content.ROLES)}"),
    ],
)
def test_a_role_that_does_not_exist_is_named_with_the_nearest(names: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        given(options.only, "--only", names)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_an_inventory_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVISION_INVENTORY", "fleet.ini")
    (found,) = given(options.selection, "--limit", "h1").values()
    assert str(found) == "Selection(inventory=PosixPath('fleet.ini'), limit='h1')"
    (found,) = given(options.selection, "-i", "other.ini").values()
    assert str(found) == "Selection(inventory=PosixPath('other.ini'), limit=None)"


@pytest.mark.parametrize("name", [None, "", " "])
def test_no_inventory_is_not_the_working_directory(monkeypatch: pytest.MonkeyPatch, name: str | None) -> None:
    monkeypatch.delenv("PROVISION_INVENTORY", raising=False)
    with pytest.raises(UsageError, match="no inventory given"):
        given(options.selection, *([] if name is None else ["-i", name]))
