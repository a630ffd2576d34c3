"""A program on this machine that asks for us, and ends when it is told to."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress

_GRACE = 5.0


class Process:
    """The program at work, in a session of its own: Ctrl-C reaches it through `close` alone."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )

    def output(self, given: bytes, seconds: float) -> tuple[str, str, int]:
        """Return what it printed on both streams, and its exit code.

        Raises TimeoutError, with the program ended, where it takes longer.
        """
        try:
            output, errors = self._process.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            self.close()
            raise TimeoutError from error
        finally:
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()
        return output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"), self._process.returncode

    def close(self) -> None:
        """End it with what it started; what is in sessions of its own, or behind sudo, hears of it from it."""
        if self._process.poll() is not None:
            return
        for number in (signal.SIGINT, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=_GRACE)
                return
