"""Run programs of the machine that the lab is on; a failure is one line in the program's own words."""

import subprocess
from collections.abc import Sequence

from provision.errors import RunError


def run(
    argv: Sequence[str], *, stdin: bytes | None = None, hint: str | None = None, timeout: float | None = None
) -> str:
    """Run a program to its end and return its stdout. Raises RunError with the last line of its stderr."""
    try:
        done = subprocess.run(argv, input=stdin, capture_output=True, check=False, timeout=timeout)
    except FileNotFoundError as error:
        raise RunError(f"`{argv[0]}` is not installed", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise RunError(f"`{' '.join(argv[:4])}` took more than {timeout:g} s", hint=hint) from error
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise RunError(
            f"`{' '.join(argv[:4])}` ended with {done.returncode}: {lines[-1] if lines else 'no output'}",
            hint=hint,
        )
    return done.stdout.decode(errors="replace")


def docker(*arguments: str, stdin: bytes | None = None, timeout: float | None = None) -> str:
    """Run one `docker` command and return its stdout. Raises RunError."""
    return run(("docker", *arguments), stdin=stdin, timeout=timeout)


def docker_answers(*arguments: str) -> str | None:
    """Run one `docker` command that may fail; return its stdout, or None if it did."""
    try:
        return docker(*arguments)
    except RunError:
        return None


def output(argv: Sequence[str], *, timeout: float | None = None) -> str:
    """Run a program whose exit status says no more than its stdout does; return that, stripped."""
    done = subprocess.run(argv, capture_output=True, check=False, timeout=timeout)
    return done.stdout.decode(errors="replace").strip()
