"""The key that signs the lab's repositories: made once for a lab, kept in its state directory."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provision.errors import RunError

_OWNER = "Lab package repositories"


@dataclass(frozen=True)
class SigningKey:
    """A GnuPG home with one secret key without a passphrase; `public` is the armoured public key."""

    home: Path
    fingerprint: str
    public: bytes

    def clear_sign(self, text: bytes) -> bytes:
        """Return the text with its signature around it, as InRelease has it."""
        return _gpg(self.home, ["--clearsign"], text)

    def detach_sign(self, text: bytes) -> bytes:
        """Return an armoured signature, as Release.gpg has it."""
        return _gpg(self.home, ["--armor", "--detach-sign"], text)

    def binary(self) -> bytes:
        """Return the public key in the form that apt's keyrings have."""
        return _gpg(self.home, ["--export", self.fingerprint])


def signing_key(home: Path) -> SigningKey:
    """Return the key in `home`, made now if there is none. RSA: every apt from Debian 12 on accepts it."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    if not (fingerprint := _fingerprint(home)):
        _gpg(home, ["--passphrase", "", "--quick-generate-key", _OWNER, "rsa3072", "sign", "never"])
        fingerprint = _fingerprint(home)
    public = _gpg(home, ["--armor", "--export", fingerprint])
    return SigningKey(home, fingerprint, public)


def stop_agent(home: Path) -> None:
    """End the agent that gpg left running for `home`."""
    _run(["gpgconf", "--homedir", str(home), "--kill", "gpg-agent"])


def _fingerprint(home: Path) -> str:
    listing = _gpg(home, ["--with-colons", "--list-secret-keys"]).decode()
    return next((line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:")), "")


def _gpg(home: Path, arguments: Sequence[str], stdin: bytes = b"") -> bytes:
    options = [
        "--homedir",
        str(home),
        "--batch",
        "--yes",
        "--no-tty",
        "--quiet",
        "--pinentry-mode",
        "loopback",
    ]
    return _run(["gpg", *options, "--digest-algo", "SHA512", *arguments], stdin)


def _run(command: Sequence[str], stdin: bytes = b"") -> bytes:
    try:
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=True, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError as error:
        raise RunError(f"`{command[0]}` is not installed", hint="apt-get install gnupg") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.decode(errors="replace").strip()
        raise RunError(f"`{command[0]}` failed: {reason}", hint=f"look at `{' '.join(command)}`") from error
    return done.stdout
