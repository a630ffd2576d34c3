"""Programs and shared libraries that packages brought, and which of them are not the package's any more.

Pure but for the files that are looked at. dpkg remembers checksums of plain files and nothing of links; rpm remembers
both.
"""

from __future__ import annotations

import os
import re
from typing import Callable, Dict, Iterable, List, Mapping, Sequence

# What is run or linked with. Documentation, headers and sources are nobody's trouble when somebody edits them.
_PROGRAM = re.compile(r"\A(?:/usr)?(?:/s?bin/[^/]+|/lib(?:64)?/(?:[^/]+/)*lib[^/]*\.so(?:\.[0-9.]+)?)\Z")
_DPKG = "/var/lib/dpkg/info"


def programs(paths: Iterable[str]) -> List[str]:
    """Return those of a package's files that are programs or shared libraries, sorted."""
    return sorted({path for path in paths if _PROGRAM.match(path)})


def failing(output: str) -> List[str]:
    """Return the paths in the output of `dpkg --verify` or `rpm -V`: a file that is missing or of other content.

    Both print nine marks, of which `5` is the checksum and `L` a link's target, a letter for configuration files, and
    the path; or `missing` in place of the marks.
    """
    lines = re.findall(r"^(missing|[.?A-Z0-9]{8,9})\s+(?:[a-z]\s+)?(/.*)$", output, re.MULTILINE)
    return [path for marks, path in lines if marks == "missing" or {"5", "L"} & set(marks)]


def displaced(paths: Iterable[str], summed: Iterable[str], exists: Callable[[str], bool]) -> List[str]:
    """Return the packaged links that are gone or were replaced, by a file or by a link to what no package brought.

    `paths` are programs of packages, `summed` those of them that are plain files in their package, and `exists` tells
    whether a package brought a path.
    """
    plain = set(summed)
    return [path for path in paths if path not in plain and _is_displaced(path, exists)]


def _is_displaced(path: str, exists: Callable[[str], bool]) -> bool:
    if not os.path.islink(path):
        return True
    target = os.path.realpath(path)
    # A soname leads to a file of the same library: libcuda.so.1 to libcuda.so.580.95.05.
    library, is_library, _ = os.path.basename(path).partition(".so")
    if is_library and not os.path.basename(target).startswith(library + ".so"):
        return True
    return not exists(target)


class DpkgFiles:
    """What dpkg knows of the files of packages; `folder` is its database."""

    def __init__(self, folder: str = _DPKG) -> None:
        self._folder = folder

    def paths(self, package: str) -> List[str]:
        """Return every path of an installed package; none of one that is not there."""
        return [line for line in self._lines(package, "list") if line.startswith("/")]

    def summed(self, package: str) -> List[str]:
        """Return the paths of which dpkg has a checksum."""
        return ["/" + line.partition("  ")[2] for line in self._lines(package, "md5sums")]

    def _lines(self, package: str, kind: str) -> List[str]:
        names = [name for name in sorted(os.listdir(self._folder)) if _belongs(name, package, kind)]
        found: List[str] = []
        for name in names:
            with open(os.path.join(self._folder, name), encoding="utf-8", errors="replace") as file:
                found += file.read().splitlines()
        return found


def _belongs(name: str, package: str, kind: str) -> bool:
    # Packages that several architectures can have at a time are listed as `libcuda1:amd64.list`.
    return bool(re.match(r"\A%s(?::[a-z0-9]+)?\.%s\Z" % (re.escape(package), kind), name))


def by_package(paths: Mapping[str, Sequence[str]], broken: Iterable[str]) -> Dict[str, List[str]]:
    """Return the broken ones of the packages' paths by package; packages that have none are left out."""
    wrong = set(broken)
    found = {package: sorted(wrong & set(each)) for package, each in paths.items()}
    return {package: each for package, each in sorted(found.items()) if each}
