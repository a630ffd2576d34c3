"""Why a connection did not come about, in a person's words, with what cures it."""

import re
import socket

import paramiko

from provision.connect.openssh import Settings
from provision.connect.target import Target
from provision.errors import ConnectError

# What paramiko says when the other side accepts a connection and is silent, one way or another.
_SILENT = re.compile("protocol banner|No existing session|Authentication timeout")

_CURES = {
    "No route to host": "is the host up, and is `ansible_host` right?",
    "Network is unreachable": "is `ansible_host` right, and this machine on its network?",
    "Connection refused": "is sshd running there, and is `ansible_port` right?",
}


class DroppedError(ConnectError):
    """The connection was closed before anybody could log in; it may be tried again."""


def explain(error: Exception, target: Target, settings: Settings) -> ConnectError:
    """Return why the connection to the target did not come about."""
    place = f"{settings.hostname} port {settings.port}"
    if isinstance(error, ConnectError):
        return error
    if isinstance(error, paramiko.BadHostKeyException):
        return ConnectError(
            f"host key of {settings.host_key_name} has changed",
            hint=f"if it was reinstalled: `{_forget(settings)}`, then add the new key",
            reachable=False,
        )
    if _was_dropped(error):
        return DroppedError(
            f"the connection to {place} is closed before anybody can log in",
            hint="is it the right port, and does a `ProxyCommand` work by hand? An sshd, or a jump host's, that "
            "takes few connections at once needs a higher `MaxStartups`",
            reachable=False,
        )
    if _SILENT.search(str(error)):
        return ConnectError(
            f"{place} accepts connections but does not speak SSH within {target.timeout:.0f} s",
            hint="is it the right port, and is the host neither hanging nor hidden behind a proxy?",
            reachable=False,
        )
    if isinstance(error, paramiko.AuthenticationException):
        keys = ", ".join(str(path) for path in settings.identities if path.is_file()) or "no key file"
        return ConnectError(
            f"permission denied for user `{settings.user}` on {place} ({keys})",
            hint="set `ansible_user` and `ansible_ssh_private_key_file`, or put the public key on the host",
            reachable=False,
        )
    if "not found in known_hosts" in str(error):
        return _unknown_host_key(settings)
    if isinstance(error, socket.gaierror):
        return ConnectError(
            f"no address for `{settings.hostname}`",
            hint=f"set `ansible_host` for {target.name}",
            reachable=False,
        )
    if isinstance(error, TimeoutError):
        return ConnectError(
            f"{place} does not answer within {target.timeout:.0f} s",
            hint="is the host up, and the port open?",
            reachable=False,
        )
    why = cause(error)
    hint = next((cure for words, cure in _CURES.items() if words in why), "try `ssh` by hand")
    return ConnectError(f"cannot connect to {place}: {why}", hint=hint, reachable=False)


def cause(error: Exception) -> str:
    """Return the error in as few words as it can be said."""
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        return "; ".join(sorted({cause.strerror or str(cause) for cause in error.errors.values()}))
    return str(error).strip().rstrip(".") or type(error).__name__


def _was_dropped(error: Exception) -> bool:
    # What paramiko makes of it, it raises while it handles what really happened.
    causes = (error, error.__context__)
    return any(isinstance(each, EOFError | ConnectionResetError | BrokenPipeError) for each in causes)


def _forget(settings: Settings) -> str:
    file = f" -f {settings.known_hosts[0]}" if settings.known_hosts else ""
    return f"ssh-keygen{file} -R '{settings.host_key_name}'"


def _unknown_host_key(settings: Settings) -> ConnectError:
    hint = "name a known_hosts file with `-o UserKnownHostsFile=` in `ansible_ssh_common_args`"
    if settings.known_hosts:
        scan = f"ssh-keyscan -p {settings.port} {settings.hostname} >> {settings.known_hosts[0]}"
        hint = f"add it with `{scan}` and compare it with the host's own"
    return ConnectError(f"host key of {settings.host_key_name} is unknown", hint=hint, reachable=False)
