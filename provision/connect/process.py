"""A program on this machine that asks for us, and ends when it is told to."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

from provision.connect import answer

_GRACE = 5.0
_BLOCK = 1 << 16


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

        Raises TimeoutError where it takes longer, ConnectError where it prints without end; it has been ended
        then.
        """
        deadline = time.monotonic() + seconds
        try:
            output, errors = self._converse(given, deadline)
            self._process.wait(max(deadline - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired as error:
            raise TimeoutError from error
        finally:
            self.close()
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()
        return output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"), self._process.returncode

    def _converse(self, given: bytes, deadline: float) -> tuple[bytes, bytes]:
        """Write what is given and read both streams to their ends, whichever of them is ready."""
        source, sinks = self._process.stdin, (self._process.stdout, self._process.stderr)
        assert source is not None and sinks[0] is not None and sinks[1] is not None
        printed = {stream.fileno(): bytearray() for stream in sinks if stream is not None}
        left = memoryview(given)
        os.set_blocking(source.fileno(), False)
        with selectors.DefaultSelector() as selector:
            selector.register(source, selectors.EVENT_WRITE)
            for descriptor in printed:
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(max(deadline - time.monotonic(), 0))
                if not ready:
                    raise TimeoutError
                for key, _ in ready:
                    if key.fd in printed:
                        block = os.read(key.fd, _BLOCK)
                        printed[key.fd] += block
                        if len(printed[key.fd]) > answer.LARGEST:
                            raise answer.too_long()
                        if not block:
                            selector.unregister(key.fd)
                        continue
                    with suppress(BlockingIOError):
                        try:
                            left = left[os.write(key.fd, left) :]
                        except BrokenPipeError:  # it reads no further: what it said is the answer
                            left = left[:0]
                    if not left:
                        selector.unregister(source)
                        source.close()
        output, errors = printed.values()
        return bytes(output), bytes(errors)

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
