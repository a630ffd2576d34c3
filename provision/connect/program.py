"""How a program of ours runs on a host: sent to whatever Python there is, over a connection's input."""

import base64
import json
import shlex
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from threading import Lock

from provision.connect.target import Become
from provision.plugins.module_utils import bundle

NO_PYTHON = "provision-no-python"
OLD_PYTHON = "provision-old-python"

_ONE_AT_A_TIME = Lock()

# One line and without quotes of its own: it passes through whatever shell the user has. Lines before the mark
# are dropped: a sudo that needed no password leaves the password there. The zip is a file in memory, because
# Python imports from files alone; a Python that was built for an old libc takes an unnamed one on disk.
_BOOTSTRAP = (
    f'import sys;sys.version_info<(3,8)and sys.exit("{OLD_PYTHON} %d.%d."%sys.version_info[:2]);'
    "import os,zipimport,zlib;i=sys.stdin.buffer;"
    'n,m=map(int,next(l for l in iter(i.readline,b"") if l[:10]==b"PROVISION ").split()[1:]);'
    'f=os.fdopen(os.memfd_create("provision"),"wb")if hasattr(os,"memfd_create")'
    'else __import__("tempfile").TemporaryFile();'
    "f.write(zlib.decompress(i.read(n)));f.flush();sys.argv[1:]=[i.read(m).decode()];"
    'p="/proc/self/fd/%d"%f.fileno();sys.path.insert(0,p);'
    'exec(zipimport.zipimporter(p).get_code("__main__"))'
)
_FIND_PYTHON = (
    'for p in "$@"; do command -v "$p" >/dev/null 2>&1 && exec "$p" -ISB -c "$0"; done; '
    f"echo {NO_PYTHON}; exit 127"
)


def payload(entry: str, options: Mapping[str, object]) -> bytes:
    """Return what the program reads from its input: a line with two lengths, the bundle, the options as JSON.

    `entry` is a module of `module_utils`, such as `asking.probe`; its `main` finds the options in `sys.argv[1]`.
    """
    text = json.dumps(options).encode()
    # Packed once, whoever asks first.
    with _ONE_AT_A_TIME:
        packed = _packed(entry)
    return b"PROVISION %d %d\n" % (len(packed), len(text)) + packed + text


def line(entry: str, options: Mapping[str, object], interpreters: Iterable[str]) -> str:
    """Return a command line that brings its input with it, for connections that have none."""
    packed = base64.b64encode(payload(entry, options)).decode()
    return f"echo {packed} | base64 -d | {command(interpreters)}"


@cache
def _packed(entry: str) -> bytes:
    return zlib.compress(bundle.pack(entry), 9)


def command(interpreters: Iterable[str]) -> str:
    """Return the command line for a POSIX shell that starts the program with the first Python there is."""
    return shlex.join(["/bin/sh", "-c", _FIND_PYTHON, _BOOTSTRAP, *interpreters])


def command_as_root(become: Become | None, user: str, interpreters: Iterable[str]) -> tuple[str, bytes]:
    """Return the command line for this user, with sudo where it is needed, and what is typed before the payload.

    That is the password of sudo, if there is one.
    """
    line = command(interpreters)
    if become is None or user == become.user:
        return line, b""
    asking = ["-n"] if become.password is None else ["-S", "-p", ""]
    sudo = shlex.join([become.program, *become.flags, *asking, "-u", become.user, "--"])
    return f"{sudo} {line}", b"" if become.password is None else f"{become.password}\n".encode()
