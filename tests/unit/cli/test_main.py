"""What the command line says and returns, before any command does its work."""

import os
import pty
import resource
import signal
import subprocess
import sys

import pytest

from provision import cli
from provision.cli import options


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["--help"]) == 0
    out = capsys.readouterr().out
    for name, line in cli.COMMANDS.items():
        assert f"{name} " in out
        assert line in out


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, provision.cli as c; c.run(['--help']); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"ansible", "fabric", "paramiko", "rich", "yaml", "sqlite3", "provision.cli.up"})


def test_help_starts_quickly() -> None:
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "provision", "--help"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # Processor time, the best of five: what else the machine does must not decide.
    assert min(seconds() for _ in range(5)) < 0.15


@pytest.mark.parametrize(
    ("arguments", "code", "message", "hint"),
    [
        (
            ["pu"],
            2,
            "error: unknown command `pu`",
            "hint: known: up, plan, verify, status, history, compat, lab",
        ),
        (["verfy"], 2, "error: unknown command `verfy`", "hint: did you mean `verify`?"),
        (
            ["--versoin"],
            2,
            "error: No such option '--versoin'",
            "hint: `provision --help` lists what it takes",
        ),
        (
            ["plan", "-i", ""],
            2,
            "error: no inventory given",
            "hint: pass `-i INVENTORY` or set PROVISION_INVENTORY",
        ),
        (
            ["plan", "-i", " "],
            2,
            "error: no inventory given",
            "hint: pass `-i INVENTORY` or set PROVISION_INVENTORY",
        ),
    ],
)
def test_usage_errors_are_one_line_and_a_hint(
    arguments: list[str], code: int, message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0].startswith(message)
    assert said.err.splitlines()[1] == hint


def test_unknown_lists_all_where_nothing_is_near() -> None:
    error = options.unknown("role", "zzz", ["alpha", "beta"])
    assert error.hint == "known: alpha, beta"
    assert error.exit_code == 2


def test_termination_is_an_interrupt() -> None:
    program = """
import time
import provision.cli

class Slow(dict):
    def __contains__(self, name):
        print("on", flush=True)
        time.sleep(60)

provision.cli.COMMANDS = Slow()
provision.cli.main(["up"])
"""
    arguments = [sys.executable, "-c", program]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "on\n"
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)
    assert (process.returncode, err.strip()) == (130, "interrupted")


def test_what_nohup_ignores_stays_ignored() -> None:
    program = """
import signal
import provision.cli

provision.cli.run = lambda arguments: signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
provision.cli.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
        check=False,
    )
    assert done.returncode == 1


def test_a_terminal_that_is_lost_is_an_interrupt() -> None:
    program = """
import time
import provision.cli

def slow(*_):
    print("on", flush=True)
    time.sleep(60)

provision.cli._Commands.get_command = slow
provision.cli.main(["up"])
"""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", program])
    assert os.read(terminal, 100).startswith(b"on")
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130


def test_a_reader_that_leaves_is_no_traceback() -> None:
    arguments = [sys.executable, "-m", "provision", "compat"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1
