"""apt and dpkg on a host; parsing.py reads what they print."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
import time
from typing import Dict, FrozenSet, Iterator, List, Mapping, Optional, Sequence, Tuple

from ...host.files import read_text
from ...host.module import Module
from ..managers import PackageManager, PackageManagerError, Space, refuse_unknown
from ..repositories import RepositoryFiles
from ..repository_files import apt_sources, is_configured, replaced
from ..transaction import Request, Transaction, differing
from . import locks as apt_locks
from . import parsing as apt

_ENVIRONMENT = {
    "LC_ALL": "C",
    "LANG": "C",
    "DEBIAN_FRONTEND": "noninteractive",
    "APT_LISTCHANGES_FRONTEND": "none",
    # needrestart would restart services, a Docker engine with running containers among them.
    "NEEDRESTART_SUSPEND": "1",
    "UCF_FORCE_CONFFOLD": "1",
}
_LISTS = "/var/lib/apt/lists"
_DIRECTORIES = (_LISTS, _LISTS + "/partial")
_STAMPS = (*_DIRECTORIES, "/var/lib/apt/periodic/update-success-stamp")
_CONFIGURE = ["dpkg", "--configure", "--pending", "--force-confdef", "--force-confold"]
_KEEP_CONFIGURATION = ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"]


class AptPackages(PackageManager):
    """Debian's and Ubuntu's packages.

    Repositories that are pending are read in a temporary configuration: copies of the host's sources with the
    pending ones added and the replaced ones left out, lists of their own that begin as links to the host's.
    """

    def __init__(
        self,
        module: Module,
        pending: List[RepositoryFiles],
        max_age: int,
        lock_timeout: int,
        stack: contextlib.ExitStack,
    ) -> None:
        self._module = module
        self._pending = [each for each in pending if not is_configured(each)]
        self._max_age = max_age
        self._deadline = time.monotonic() + lock_timeout
        self._stack = stack
        self._options: List[str] = []
        self._unreadable: List[str] = []
        self._recorded: Optional[apt.Status] = None

    def refresh(self) -> None:
        read = _lists_read()
        stale = read is None or time.time() - read > self._max_age
        unread = [path for path in apt_sources() if os.stat(path).st_mtime > (read or 0.0)]
        if self._module.check_mode:
            if stale or unread or self._pending:
                self._update_aside(everything=stale or bool(unread))
            return
        if stale:
            self._update_host()
        elif unread:
            with _sources_alone(unread) as options:
                self._update_host(options)
        if self._pending:
            self._update_aside(everything=False)

    def installed(self) -> Dict[str, str]:
        return self._status().installed

    def held(self) -> FrozenSet[str]:
        return self._status().held

    def versions(self, names: List[str]) -> Dict[str, List[str]]:
        found = (
            apt.parse_madison(self._read(["apt-cache", *self._options, "madison", *names])) if names else {}
        )
        return {name: found.get(name, []) for name in names}

    def dependencies(self, packages: Mapping[str, str]) -> Dict[str, List[List[str]]]:
        return {stanza.name: stanza.depends for stanza in self._stanzas(packages)}

    def simulate(self, request: Request) -> Transaction:
        status = self._status()
        mendable = self._mendable(request)
        whole = status._replace(unconfigured={**status.unconfigured, **mendable})
        changes = differing(request, status.installed)
        leaving = request.absent & {*status.installed, *whole.unconfigured}
        transaction = Transaction({}, {}, {}, [], [], [])
        if changes or leaving:
            exact = sorted(name for name, version in changes.items() if version)
            refuse_unknown(changes, self.versions(exact), "; ".join(self._unreadable))
            arguments = apt.install_arguments(changes, leaving)
            with self._mended(mendable) as options:
                code, out, err = self._run(["apt-get", *self._options, *options, "--simulate", *arguments])
            transaction = apt.parse_simulation(out, whole)
            if code or set(changes) - set(transaction.arriving):
                raise self._failure("apt cannot meet the request", out + err, list(request.packages))
        remains = (set(status.installed) | set(transaction.install)) - set(transaction.remove)
        return transaction._replace(
            hold=sorted(name for name in request.hold if name in remains and name not in status.held),
            unhold=sorted(name for name in transaction.remove if name in status.held),
        )

    def space(self, arriving: Mapping[str, str]) -> Space:
        stanzas = self._stanzas(arriving)
        return Space(
            download_bytes=sum(each.download_bytes for each in stanzas),
            installed_bytes=1024 * sum(each.installed_kib for each in stanzas),
        )

    def commit(self, request: Request, transaction: Transaction) -> None:
        try:
            with apt_locks.quiet_timers(self._deadline):
                self._wait(apt_locks.DPKG)
                self._recorded = None  # whoever held the lock may have done what is asked for
                status = self._status()
                changes, held = differing(request, status.installed), status.held
                if status.unconfigured or status.torn:
                    self._unpack(self._mendable(request))
                    # Where a run was cut off, apt does nothing before this. What fails here for want of another
                    # package is apt's to cure.
                    self._waiting(_CONFIGURE, apt_locks.DPKG)
                self._mark("unhold", transaction.unhold)
                if transaction.arriving or transaction.remove:
                    arguments = apt.install_arguments(changes, transaction.remove)
                    self._install([*_KEEP_CONFIGURATION, *arguments])
                # apt takes the hold off a held package that it was told to change.
                self._mark("hold", sorted({*transaction.hold, *(held & set(transaction.arriving))}))
        except apt_locks.LockTimeoutError as error:
            raise _lock_failure(error) from error
        self._recorded = None
        missing = differing(request, self._status().installed)
        if missing:
            raise PackageManagerError(
                "apt reports success but these are not installed as asked: %s" % ", ".join(sorted(missing)),
                "see /var/log/apt/term.log on the host",
            )

    def reinstall(self, packages: Mapping[str, str]) -> None:
        held = self._status().held
        try:
            with apt_locks.quiet_timers(self._deadline):
                arguments = apt.install_arguments(packages, [])
                self._install([*_KEEP_CONFIGURATION, "--reinstall", *arguments])
                self._mark("hold", sorted(held & set(packages)))
        except apt_locks.LockTimeoutError as error:
            raise _lock_failure(error) from error

    def _status(self) -> apt.Status:
        if self._recorded is None:
            self._recorded = self._listed()
            if self._recorded.unconfigured or self._recorded.torn:
                # Cut off, or still under way. Then nothing can be told before it has ended.
                self._wait(apt_locks.DPKG)
                self._recorded = self._listed()
        return self._recorded

    def _listed(self) -> apt.Status:
        architecture = self._read(["dpkg", "--print-architecture"]).strip()
        listing = self._read(["dpkg-query", "--show", "--showformat", apt.STATUS_FORMAT])
        return apt.parse_status(listing, architecture)

    def _mendable(self, request: Request) -> Dict[str, str]:
        """Return the packages that are half unpacked and at which version they can be unpacked again."""
        torn = self._status().torn
        return apt.mendable(torn, request.packages, self.versions(sorted(torn)))

    @contextlib.contextmanager
    def _mended(self, packages: Mapping[str, str]) -> Iterator[List[str]]:
        """Yield the options with which apt-get takes half unpacked packages for unpacked."""
        status = self._status()
        if not status.unconfigured and not status.torn:
            yield []
            return
        # Of a run that was cut off dpkg keeps a journal, which apt does not read.
        text = self._read(["dpkg-query", "--status"])
        with tempfile.NamedTemporaryFile("w", prefix="provision-apt-", encoding="utf-8") as copy:
            copy.write(apt.mended(text, packages))
            copy.flush()
            yield _words({"Dir::State::status": copy.name})

    def _unpack(self, packages: Mapping[str, str]) -> None:
        """Unpack packages that are half there. To apt they are installed, so it would leave them as they are."""
        if not packages:
            return
        with tempfile.TemporaryDirectory(prefix="provision-apt-") as room:
            specs = ["%s=%s" % pair for pair in sorted(packages.items())]
            code, out, err = self._run(["apt-get", "download", *specs], cwd=room)
            if code:
                raise self._failure("apt cannot fetch what is half unpacked", out + err, [])
            self._locked(["dpkg", "--unpack", "--recursive", room])

    def _stanzas(self, packages: Mapping[str, str]) -> List[apt.Stanza]:
        if not packages:
            return []
        specs = ["%s=%s" % pair for pair in sorted(packages.items())]
        shown = apt.parse_show(self._read(["apt-cache", *self._options, "show", *specs]))
        # The same version stands in dpkg's status and in a repository's list: once is enough.
        return list({each.name: each for each in shown if packages.get(each.name) == each.version}.values())

    def _update_host(self, options: Sequence[str] = ()) -> None:
        code, out, err = self._waiting(["apt-get", *options, "update"], apt_locks.LISTS)
        self._unreadable = apt.unreadable_repositories(out + err)
        if apt.disk_trouble(out + err):
            raise self._failure("apt-get update failed", out + err, [])
        if self._unreadable:
            # One broken repository of the host's own must not stop what needs none of its packages.
            self._module.warn("apt-get update: %s" % "; ".join(self._unreadable))
        elif code:
            raise self._failure("apt-get update failed", out + err, [])
        # apt leaves the time of a list that it has found unchanged. Where one could not be read, none counts as read.
        read = 0.0 if self._unreadable else time.time()
        with contextlib.suppress(OSError):
            for path in _DIRECTORIES:
                os.utime(path, (read, read))

    def _update_aside(self, everything: bool) -> None:
        room = self._stack.enter_context(_Room(self._pending))
        self._options = room.options
        if everything:
            _, out, err = self._run(["apt-get", *room.options, "update"])
            self._unreadable = apt.unreadable_repositories(out + err)
            if not self._pending:
                return
        for files in self._pending:
            code, out, err = self._run(["apt-get", *room.options_for(files), "update"])
            trouble = apt.unreadable_repositories(out + err)
            if code or trouble:
                raise PackageManagerError(
                    "repository %s at %s cannot be read: %s"
                    % (files.name, files.uri, "; ".join(trouble) or apt.complaint(out + err)),
                    "check its address, the host's way to it, and the key's fingerprint",
                )

    def _mark(self, verb: str, names: Sequence[str]) -> None:
        if names:
            self._locked(["apt-mark", verb, *names])

    def _install(self, arguments: List[str]) -> None:
        """Run apt-get; once more with fresh lists where a mirror has moved on since they were read."""
        code, out, err = self._waiting(["apt-get", *arguments], apt_locks.DPKG)
        if code and apt.is_moved_on(out + err):
            self._update_host()
            code, out, err = self._waiting(["apt-get", *arguments], apt_locks.DPKG)
        if code:
            raise self._failure("`apt-get` failed with status %d" % code, out + err, [])

    def _locked(self, argv: List[str]) -> None:
        code, out, err = self._waiting(argv, apt_locks.DPKG)
        if code:
            raise self._failure("`%s` failed with status %d" % (argv[0], code), out + err, [])

    def _waiting(self, argv: List[str], locks: Sequence[str]) -> Tuple[int, str, str]:
        """Run a command once the locks are free; begin again where another process was faster."""
        while True:
            self._wait(locks)
            code, out, err = self._run(argv)
            if not (code and apt.is_locked(out + err) and time.monotonic() < self._deadline):
                return code, out, err
            time.sleep(1)

    def _wait(self, locks: Sequence[str]) -> None:
        try:
            apt_locks.wait(locks, self._deadline)
        except apt_locks.LockTimeoutError as error:
            raise _lock_failure(error) from error

    def _run(self, argv: List[str], cwd: Optional[str] = None) -> Tuple[int, str, str]:
        return self._module.run_command(argv, environ_update=_ENVIRONMENT, cwd=cwd)

    def _read(self, argv: List[str]) -> str:
        code, out, err = self._run(argv)
        # apt-cache show says 100 where one of several packages is unknown, and prints the others.
        if code and not out.strip() and "No packages found" not in err:
            raise self._failure("`%s` failed with status %d" % (argv[0], code), out + err, [])
        return out

    def _failure(self, message: str, output: str, names: List[str]) -> PackageManagerError:
        trouble = apt.disk_trouble(output)
        if trouble:
            hint = "free some space on the host; `df -h` and `findmnt` tell which disk it is"
            return PackageManagerError("%s: %s" % (message, trouble), hint)
        for path in ["/etc/apt/preferences", *sorted(glob.glob("/etc/apt/preferences.d/*"))]:
            pinned = apt.pinning(read_text(path) or "", names)
            if pinned:
                hint = "%s pins %s; remove that pin" % (path, ", ".join(pinned))
                break
        else:
            hint = "; ".join(self._unreadable) or "see /var/log/apt/term.log on the host"
        return PackageManagerError("%s: %s" % (message, apt.complaint(output)), hint)


class _Room:
    """A temporary apt configuration; the host's own stays as it is."""

    def __init__(self, pending: List[RepositoryFiles]) -> None:
        self._pending = pending
        self._path = ""

    def __enter__(self) -> "_Room":
        self._path = tempfile.mkdtemp(prefix="provision-apt-")
        for name in ("sources", "keys", "lists/partial", "cache"):
            os.makedirs(os.path.join(self._path, name))
        gone = {path for files in self._pending for path in [*replaced(files), files.source_path]}
        for number, path in enumerate(each for each in apt_sources() if each not in gone):
            copied = "%02d-%s" % (number, os.path.basename(path))
            shutil.copyfile(path, os.path.join(self._path, "sources", copied))
        for entry in os.scandir(_LISTS) if os.path.isdir(_LISTS) else ():
            if entry.is_file() and entry.name != "lock":
                os.symlink(entry.path, os.path.join(self._path, "lists", entry.name))
        for files in self._pending:
            key = os.path.join(self._path, "keys", "%s.gpg" % files.name)
            with open(key, "wb") as handle:
                handle.write(files.key)
            with open(self._source(files), "w", encoding="utf-8") as handle:
                handle.write(files.relocated(key))
        return self

    def __exit__(self, *exception: object) -> None:
        shutil.rmtree(self._path, ignore_errors=True)

    @property
    def options(self) -> List[str]:
        """Options of apt-get and apt-cache that lead them into this room."""
        return self._options("/dev/null", os.path.join(self._path, "sources"))

    def options_for(self, files: RepositoryFiles) -> List[str]:
        """The same for reading one pending repository's lists only, with any trouble an error."""
        return [
            *self._options(self._source(files), "/dev/null"),
            *_words({"APT::Get::List-Cleanup": "0", "APT::Update::Error-Mode": "any"}),
        ]

    def _source(self, files: RepositoryFiles) -> str:
        return os.path.join(self._path, "sources", "pending-%s.sources" % files.name)

    def _options(self, source_list: str, source_parts: str) -> List[str]:
        settings = {
            "Dir::Etc::sourcelist": source_list,
            "Dir::Etc::sourceparts": source_parts,
            "Dir::State::lists": os.path.join(self._path, "lists"),
            "Dir::Cache::pkgcache": os.path.join(self._path, "cache", "pkgcache.bin"),
            "Dir::Cache::srcpkgcache": os.path.join(self._path, "cache", "srcpkgcache.bin"),
            "APT::Sandbox::User": "root",
        }
        return _words(settings)


def _words(settings: Mapping[str, str]) -> List[str]:
    """Return settings as options of apt-get and apt-cache."""
    return [word for name, value in settings.items() for word in ("-o", "%s=%s" % (name, value))]


def _lists_read() -> Optional[float]:
    """Return when the host's lists were read last, in seconds since the epoch; None where there are none."""
    if not glob.glob(_LISTS + "/*Release"):
        return None
    return max((os.stat(path).st_mtime for path in _STAMPS if os.path.exists(path)), default=0.0)


@contextlib.contextmanager
def _sources_alone(paths: Sequence[str]) -> Iterator[List[str]]:
    """Yield the options with which `apt-get update` reads these source files only, and keeps the other lists."""
    with tempfile.TemporaryDirectory(prefix="provision-apt-") as parts:
        for number, path in enumerate(paths):
            os.symlink(path, os.path.join(parts, "%02d-%s" % (number, os.path.basename(path))))
        settings = {
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": parts,
            "APT::Get::List-Cleanup": "0",
        }
        yield _words(settings)


def _lock_failure(error: apt_locks.LockTimeoutError) -> PackageManagerError:
    return PackageManagerError(
        "another package manager is at work: %s" % error,
        "wait until it has finished, or look for what keeps it; locks are never removed here",
    )
