"""Where the traceback of an error that nobody foresaw goes: to a file, not to the screen."""

import os
import time
import traceback
from pathlib import Path


def keep_traceback(error: BaseException) -> Path:
    """Write the traceback to a private file in the user's state directory and return its path."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "provision"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = state / f"crash-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.txt"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        traceback.print_exception(error, file=file)
    return path
