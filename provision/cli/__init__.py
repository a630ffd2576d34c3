"""The command line: a table of commands, each imported only when it is called."""

import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from provision.cli.errors import say_error
from provision.errors import INTERRUPTED, ProvisionError

if TYPE_CHECKING:
    from provision.up import Effects

COMMANDS: Mapping[str, str] = {
    "up": "Take hosts to a CUDA container that sees its GPUs, and prove it.",
    "plan": "Show what `up` would change and why; change nothing.",
    "verify": "Prove on every host that containers see the GPUs.",
    "status": "Show the state of every host on one screen.",
    "history": "List the runs on an inventory.",
    "compat": "Answer which driver, CUDA and GPU fit together.",
    "lab": "Start, stop and break the simulated servers.",
}
"""Name of each command, which is also its module in this package, and its line of help."""


class _Commands(click.Group):
    """A group that imports a command's module only to run it or to show its own help."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"provision.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            # click would write to stderr, which is an error of its own where the terminal is gone.
            raise click.Abort from interrupt

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            from provision.cli.options import unknown

            raise unknown("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="provision")
def cli() -> None:
    """Take GPU servers from a bare operating system to a CUDA container that sees its GPUs.

    Exit codes: 0 done or nothing to do, 1 a host failed, 2 usage or inventory, 3 refused,
    4 `plan --exit-code` found changes, 130 interrupted.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and leave with its exit code; every error is said in words on stderr.

    SIGTERM and the loss of the terminal interrupt as Ctrl-C does: what was started is ended first. What is
    ignored, as SIGHUP below `nohup`, stays ignored.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None, effects: "Effects | None" = None) -> int:
    """Run the command line and return the exit code; `effects` take the place of what reaches hosts."""
    try:
        # Not standalone: click would print usage errors and interrupts in a form of its own.
        outcome = cli.main(args=arguments, prog_name="provision", standalone_mode=False, obj=effects)
        sys.stdout.flush()
    except ProvisionError as error:
        say_error(error.message, error.hint)
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        where = getattr(error, "ctx", None)
        say_error(
            error.format_message().rstrip("."), where and f"`{where.command_path} --help` lists what it takes"
        )
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        try:
            click.echo("interrupted", err=True)
        except OSError:  # by the loss of the terminal
            _mute(sys.stdout, sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _mute(sys.stdout)  # the reader has left (`| head`)
        return 1
    except Exception as error:  # the last line of defence
        from provision.cli.crash import keep_traceback

        kept = keep_traceback(error)
        where = f"the traceback is in {kept}" if kept else "no folder takes its traceback: set XDG_STATE_HOME"
        say_error(f"unexpected {type(error).__name__}: {error}", f"this is a bug; {where}")
        return 1
    return outcome if isinstance(outcome, int) else 0


def _mute(*streams: TextIO) -> None:
    """Lead streams that nobody reads nowhere: the interpreter flushes into them once more as it ends."""
    for stream in streams:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
