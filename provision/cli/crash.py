"""Where the traceback of an error that nobody foresaw goes: to a file, not to the screen."""

import os
import tempfile
import time
import traceback
from pathlib import Path


def keep_traceback(error: BaseException) -> Path | None:
    """Write the traceback to a private file and return its path.

    It lies in the user's state directory, or among temporary files where that cannot be written; None where
    neither can.
    """
    name = f"crash-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.txt"
    for choose in (_state, lambda: Path(tempfile.gettempdir())):
        try:
            path = choose() / name
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                traceback.print_exception(error, file=file)
        except (OSError, RuntimeError):  # RuntimeError: the user has no home directory
            continue
        return path
    return None


def _state() -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "provision"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state
