"""How an error is said: one line, and a hint below it."""

import click

from provision.visible import visible


def say_error(message: str, hint: str | None) -> None:
    """Write `error: …`, which is one line, and `hint: …` to stderr."""
    click.secho("error: ", fg="red", bold=True, nl=False, err=True)
    click.echo(visible(message), err=True)
    if hint:
        click.secho("hint: ", fg="cyan", nl=False, err=True)
        click.echo(hint, err=True)
