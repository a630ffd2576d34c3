"""dnf and rpm on a host; parsing.py reads what they print."""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import tempfile
from typing import Dict, FrozenSet, Iterator, List, Mapping, Optional, Tuple

from ...host.files import read_text
from ...host.module import Module
from ..managers import PackageManager, PackageManagerError, Space, refuse_unknown
from ..repositories import RepositoryFiles
from ..repository_files import is_configured, replaced
from ..transaction import Request, Transaction, differing
from . import parsing as dnf

_ENVIRONMENT = {"LC_ALL": "C", "LANG": "C"}
_REPOSITORIES = "/etc/yum.repos.d"
_LOG_HINT = "see /var/log/dnf.log on the host"
_LOCKS = "/etc/dnf/plugins/versionlock.list"


class DnfPackages(PackageManager):
    """Packages of Red Hat Enterprise Linux and its kin. dnf itself waits for another dnf to finish."""

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
        self._lock_timeout = lock_timeout
        self._stack = stack
        self._options: List[str] = []
        self._recorded: Optional[Dict[str, List[str]]] = None

    def refresh(self) -> None:
        self._options = ["--setopt=metadata_expire=%d" % self._max_age]
        if self._pending:
            self._options += self._stack.enter_context(_room(self._pending))
        for files in self._pending:
            code, out, err = self._run(["dnf", "-q", *self._options, "--repo", files.name, "makecache"])
            if code:
                raise PackageManagerError(
                    "repository %s at %s cannot be read: %s"
                    % (files.name, files.uri, dnf.complaint(out + err)),
                    "check its address and the host's way to it",
                )

    def installed(self) -> Dict[str, str]:
        return {name: versions[0] for name, versions in self._installed().items()}

    def held(self) -> FrozenSet[str]:
        installed = self._installed()
        locks = dnf.parse_locks(read_text(_LOCKS) or "")
        return frozenset(name for name, version in locks.items() if version in installed.get(name, [version]))

    def versions(self, names: List[str]) -> Dict[str, List[str]]:
        if not names:
            return {}
        found = dnf.parse_offered(
            self._read(["repoquery", "--showduplicates", "--queryformat", dnf.OFFERED_FORMAT, *names])
        )
        return {name: found.get(name, []) for name in names}

    def dependencies(self, packages: Mapping[str, str]) -> Dict[str, List[List[str]]]:
        return {
            name: dnf.parse_requires(self._read(["repoquery", "--requires", "%s-%s" % (name, version)]))
            for name, version in packages.items()
        }

    def simulate(self, request: Request) -> Transaction:
        installed, held = self.installed(), self.held()
        changes = differing(request, self._side_by_side(request))
        leaving = [name for name in request.absent if name in installed]
        transaction = Transaction({}, {}, {}, [], [], [])
        if changes or leaving:
            # `dnf shell` ends with 0 whatever it could not do, so what it left out is looked for.
            _, out, err = self._shell(["--assumeno"], dnf.shell_script(changes, leaving))
            transaction = dnf.parse_simulation(out)
            if set(changes) - set(transaction.arriving) or set(leaving) - set(transaction.remove):
                refuse_unknown(changes, self.versions(sorted(changes)))
                raise PackageManagerError(
                    "dnf cannot meet the request: %s" % dnf.complaint(out + err), _LOG_HINT
                )
        remains = (set(installed) | set(transaction.install)) - set(transaction.remove)
        moved = {**transaction.upgrade, **transaction.downgrade}
        return transaction._replace(
            hold=sorted(
                each for each in request.hold if each in remains and (each not in held or each in moved)
            ),
            unhold=sorted(each for each in transaction.remove if each in held),
        )

    def space(self, arriving: Mapping[str, str]) -> Space:
        specs = ["%s-%s" % pair for pair in sorted(arriving.items())]
        query = ["repoquery", "--queryformat", "%{downloadsize} %{installsize}\\n"]
        text = self._read([*query, *specs]) if specs else ""
        pairs = [tuple(map(int, line.split())) for line in text.splitlines() if len(line.split()) == 2]
        return Space(sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs))

    def commit(self, request: Request, transaction: Transaction) -> None:
        changes = differing(request, self._side_by_side(request))
        if transaction.unhold or transaction.hold:
            locks = dnf.parse_locks(read_text(_LOCKS) or "")
            stale = sorted({*transaction.unhold, *transaction.hold} & set(locks))
            if stale:
                self._checked(["dnf", "-q", "-y", "versionlock", "delete", *stale])
        said = ""
        if transaction.arriving or transaction.remove:
            _, out, err = self._shell(["--assumeyes"], dnf.shell_script(changes, transaction.remove))
            said = dnf.complaint(out + err)
        self._recorded = None
        installed = self._side_by_side(request)
        missing = sorted(differing(request, installed))
        if missing:
            raise PackageManagerError(
                "dnf did not install %s as asked: %s" % (", ".join(missing), said), _LOG_HINT
            )
        left = sorted(set(transaction.remove) & set(installed))
        if left:
            raise PackageManagerError("dnf did not remove %s: %s" % (", ".join(left), said), _LOG_HINT)
        if transaction.hold:
            installed = self.installed()
            entries = [dnf.lock_entry(name, installed[name]) for name in transaction.hold]
            self._checked(["dnf", "-q", "-y", "versionlock", "add", "--raw", *entries])

    def reinstall(self, packages: Mapping[str, str]) -> None:
        specs = ["%s-%s" % pair for pair in sorted(packages.items())]
        code, out, err = self._run(["dnf", "--assumeyes", *self._options, "reinstall", *specs])
        if code:
            raise PackageManagerError("dnf failed: %s" % dnf.complaint(out + err), _LOG_HINT)

    def _installed(self) -> Dict[str, List[str]]:
        if self._recorded is None:
            code, out, err = self._run(["rpm", "--query", "--all", "--queryformat", dnf.INSTALLED_FORMAT])
            if code:
                raise PackageManagerError(
                    "rpm failed: %s" % dnf.complaint(out + err), "try `rpm --rebuilddb`"
                )
            self._recorded = dnf.parse_installed(out)
        return self._recorded

    def _side_by_side(self, request: Request) -> Dict[str, str]:
        """Return what is installed, naming of several versions of one package the one that is asked for."""
        return {
            name: str(request.packages.get(name)) if request.packages.get(name) in versions else versions[0]
            for name, versions in self._installed().items()
        }

    def _shell(self, consent: List[str], script: str) -> Tuple[int, str, str]:
        descriptor, path = tempfile.mkstemp(prefix="provision-dnf-")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
                handle.write(script)
            return self._run(["dnf", *consent, *self._options, *dnf.TRANSACTION_OPTIONS, "shell", path])
        finally:
            os.unlink(path)

    def _checked(self, argv: List[str]) -> None:
        code, out, err = self._run(argv)
        if code:
            raise PackageManagerError(
                "`%s` failed: %s" % (" ".join(argv[:5]), dnf.complaint(out + err)),
                "is python3-dnf-plugin-versionlock installed?",
            )

    def _read(self, arguments: List[str]) -> str:
        code, out, err = self._run(["dnf", "-q", *self._options, *arguments])
        if code:
            raise PackageManagerError("dnf failed: %s" % dnf.complaint(out + err), _LOG_HINT)
        return out

    def _run(self, argv: List[str]) -> Tuple[int, str, str]:
        return self._module.run_command(argv, environ_update=_ENVIRONMENT)


@contextlib.contextmanager
def _room(pending: List[RepositoryFiles]) -> Iterator[List[str]]:
    """Yield the options that lead dnf to the host's repositories with the pending ones among them."""
    path = tempfile.mkdtemp(prefix="provision-dnf-")
    try:
        gone = {each for files in pending for each in [*replaced(files), files.source_path]}
        for each in sorted(glob.glob(_REPOSITORIES + "/*.repo")):
            if each not in gone:
                shutil.copy(each, path)
        for files in pending:
            key = os.path.join(path, "RPM-GPG-KEY-%s" % files.name)
            with open(key, "wb") as handle:
                handle.write(files.key)
            with open(os.path.join(path, "%s.repo" % files.name), "w", encoding="utf-8") as text:
                text.write(files.relocated(key))
        yield ["--setopt=reposdir=%s" % path, "--setopt=cachedir=%s/cache" % path]
    finally:
        shutil.rmtree(path, ignore_errors=True)
