"""Which driver a host gets: version, flavour, packages; or why it gets none. Pure.

The catalogue is data of the role, rows by source and range of branches. In its package names `{branch}` is
the driver's branch and `{kernel}` the running kernel's release; a name that ends in `?` is taken where the
repository has it at the driver's version, and left out otherwise. Of packages with versions of their own
`name=version` wants that one.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ..host.refusal import RefusedError
from ..packages.versions import Compare, newest_first, upstream
from .boards import CONFLICT, EITHER

OPEN = "open"
PROPRIETARY = "proprietary"
AUTO = "auto"

# As in compat's data, which hosts do not have: a test compares the two.
_LAST_BRANCH = {"Kepler": 470, "Maxwell": 580, "Pascal": 580, "Volta": 580}
_FIRST_BRANCH = {"Ampere": 450, "Ada": 520, "Hopper": 520, "Blackwell": 570, "Rubin": 615}
# From this branch on NVIDIA's installer takes the open modules where a GPU runs with either.
_OPEN_BY_DEFAULT = 560

Row = Mapping[str, Any]


class SelectionRefusedError(RefusedError):
    """The host gets no driver; `hint` names the variable or command that cures it."""


class Wish(NamedTuple):
    """What the user asks for."""

    version: str
    """A branch, `580`, or an exact version, `580.95.05`."""
    flavour: str = AUTO
    source: str = "nvidia"
    fabric_manager: str = AUTO
    """`auto`, `true` or `false`."""
    allow_reboot: bool = False

    @property
    def branch(self) -> int:
        """The first number of the version."""
        return int(self.version.split(".", 1)[0])

    @property
    def is_exact(self) -> bool:
        """Whether the version names one release rather than a branch."""
        return "." in self.version

    def admits(self, release: str) -> bool:
        """Tell whether a release is what is asked for."""
        return release == self.version if self.is_exact else release.split(".", 1)[0] == self.version


class Offer(NamedTuple):
    """What there is: package versions in the repositories, newest first, and on the host."""

    versions: Mapping[str, Sequence[str]]
    installed: Mapping[str, str]
    compare: Compare


class Selection(NamedTuple):
    """What the host gets."""

    version: str
    flavour: str
    exact: Dict[str, str]
    """Packages that carry the driver's version."""
    loose: Dict[str, Optional[str]]
    """Packages with versions of their own: headers, NVLink 5's subnet manager. None where any will do."""
    held: List[str]
    absent: List[str]
    units: List[str]


def parse_wish(version: str, **rest: Any) -> Wish:  # noqa: ANN401 - the module's options as they are
    """Return the wish; refuse what is no version."""
    if not re.match(r"\A\d{3}(?:\.\d+)*\Z", version):
        raise SelectionRefusedError(
            "`nvidia_driver_version: %s` is neither a branch nor a version" % version,
            'give a branch such as "580" or a version such as "580.95.05", in quotes',
        )
    return Wish(version, **rest)


def choose_flavour(wish: Wish, gpus: Sequence[Mapping[str, Any]], needed: Optional[str]) -> str:
    """Return the flavour of the kernel modules; refuse what does not drive every GPU of the host."""
    if not gpus:
        raise SelectionRefusedError("no NVIDIA GPU on the PCI bus", "leave this host out of the group")
    for gpu in gpus:
        _refuse_branch(wish, gpu)
    if needed == CONFLICT:
        kinds = sorted(
            {"%s needs %s" % (_label(gpu), gpu["modules"]) for gpu in gpus if gpu["modules"] != EITHER}
        )
        raise SelectionRefusedError(
            "no kernel module drives all GPUs: %s" % ", ".join(kinds), "take one kind out"
        )
    if wish.flavour != AUTO:
        if needed in (OPEN, PROPRIETARY) and needed != wish.flavour:
            gpu = next(each for each in gpus if each["modules"] == needed)
            raise SelectionRefusedError(
                "`nvidia_driver_flavour: %s` does not drive %s" % (wish.flavour, _label(gpu)),
                "it needs the %s modules: set `nvidia_driver_flavour: auto`" % needed,
            )
        return wish.flavour
    if needed is None:
        unknown = next(each for each in gpus if each["modules"] is None)
        raise SelectionRefusedError(
            "GPU %s is not known, so its kernel modules cannot be chosen" % _label(unknown),
            "set `nvidia_driver_flavour` to `open` or `proprietary`",
        )
    if needed == EITHER:
        return OPEN if wish.branch >= _OPEN_BY_DEFAULT else PROPRIETARY
    return needed


def row_for(catalogue: Iterable[Row], source: str, branch: int) -> Row:
    """Return the catalogue's row for a source and a branch."""
    rows = [row for row in catalogue if row["source"] == source]
    for row in rows:
        if row.get("since", 0) <= branch < row.get("until", 10**6):
            return row
    raise SelectionRefusedError(
        "this distribution has no driver of its own"
        if not rows
        else "no packages are known for branch %d" % branch,
        "set `nvidia_driver_source: nvidia`" if not rows else "set `nvidia_driver_version`",
    )


def candidates(catalogue: Iterable[Row], source: str, branches: Iterable[int]) -> List[str]:
    """Return the names of all packages that a branch has, in this source or, as leftovers, in another."""
    found: Set[str] = set()
    for row in catalogue:
        for branch in branches:
            if row.get("since", 0) <= branch < row.get("until", 10**6):
                for part in ("common", OPEN, PROPRIETARY, "fabric_manager", "nvlink5", "imex"):
                    found.update(_named(row.get(part, []), branch, ""))
                if row["source"] == source:
                    found.add(_named([row["release"]], branch, "")[0])
    return sorted(found)


def releases(catalogue: Iterable[Row], wish: Wish, branches: Iterable[int], offer: Offer) -> List[str]:
    """Return the driver releases on offer, newest first."""
    found: Set[str] = set()
    for row in catalogue:
        if row["source"] == wish.source:
            for branch in {*branches, wish.branch}:
                name = row["release"].format(branch=branch)
                found.update(upstream(each) for each in offer.versions.get(name, []))
    return newest_first(found, offer.compare)


def choose_version(catalogue: Sequence[Row], wish: Wish, branches: Sequence[int], offer: Offer) -> str:
    """Return the release to install.

    An installed release that the wish admits stays: a branch says what is fit, not that every run upgrades.
    """
    anchor = row_for(catalogue, wish.source, wish.branch)["release"].format(branch=wish.branch)
    present = offer.installed.get(anchor)
    offered = releases(catalogue, wish, branches, offer)
    if present and wish.admits(upstream(present)) and upstream(present) in offered:
        return upstream(present)
    fit = [each for each in offered if wish.admits(each)]
    if not fit:
        raise SelectionRefusedError(
            "there is no driver %s in %s" % (wish.version, _origin(wish)),
            "versions that exist: %s" % ", ".join(offered)
            if offered
            else "no driver was found there; check `nvidia_driver_repo_url`"
            + (", or enable contrib and non-free" if wish.source == "distro" else ""),
        )
    return fit[0]


def select(
    catalogue: Sequence[Row],
    wish: Wish,
    host: Mapping[str, Any],
    branches: Sequence[int],
    offer: Offer,
) -> Selection:
    """Return what the host gets. `host` is what gpu_info returns. Raises SelectionRefusedError."""
    flavour = choose_flavour(wish, host["gpus"], host["modules"]["needed"])
    version = choose_version(catalogue, wish, branches, offer)
    branch, row = wish.branch, row_for(catalogue, wish.source, wish.branch)
    switched = bool(host["nvswitches"]) or host["nvlink5"]
    wants_fabric = switched if wish.fabric_manager == AUTO else wish.fabric_manager == "true"
    parts = ["common", flavour]
    parts += ["fabric_manager"] if wants_fabric else []
    parts += ["nvlink5"] if wants_fabric and host["nvlink5"] else []
    parts += ["imex"] if host["rack_scale"] else []
    patterns = [name for part in parts for name in row.get(part, [])]
    exact = _at_version(patterns, wish, host["kernel"], version, offer)
    catalogued = set(candidates(catalogue, wish.source, branches))
    shunned = _named(row.get(PROPRIETARY if flavour == OPEN else OPEN, []), branch, host["kernel"])
    anchor = row["release"].format(branch=branch)
    exact.update(_carried_along(version, anchor, catalogued, {*exact, *shunned}, offer))
    loose = [name for part in parts for name in row.get(part + "_loose", [])]
    extra = _available(_loose(loose, branch, host["kernel"]), offer)
    held = sorted({*exact, *(name for name in extra if name not in row.get("free", []))})
    extra.update(_available(_loose(row.get("headers", []), branch, host["kernel"]), offer))
    extra.update((name, None) for name in headers_metapackages(offer.installed) if offer.versions.get(name))
    units = ["nvidia-persistenced.service"]
    units += ["nvidia-fabricmanager.service"] if wants_fabric else []
    units += ["nvidia-imex.service"] if "imex" in parts else []
    others = catalogued - {*exact, *extra}
    return Selection(version, flavour, exact, extra, held, sorted(others & set(offer.installed)), units)


def refuse_secure_boot(row: Row, wish: Wish, host: Mapping[str, Any]) -> None:
    """Refuse modules that the firmware would not let the kernel load."""
    if (
        host["secure_boot"]["enabled"]
        and row.get("unsigned", True)
        and not host["secure_boot"]["key_enrolled"]
    ):
        raise SelectionRefusedError(
            "Secure Boot is on and no key of this host is enrolled: modules built here would not load",
            "enrol the key (`mokutil --import`) and reboot"
            + (
                ""
                if wish.source == "distro"
                else ", set `nvidia_driver_source: distro` where that has signed modules"
            )
            + ", or turn Secure Boot off",
        )


def replaces_module(selection: Selection, host: Mapping[str, Any]) -> bool:
    """Tell whether a loaded module has to go for the selected one."""
    loaded = host["modules"]["loaded"]
    return loaded is not None and (loaded["version"], loaded["flavour"]) != (
        selection.version,
        selection.flavour,
    )


def refuse_workloads(selection: Selection, wish: Wish, host: Mapping[str, Any]) -> None:
    """Refuse to take the module away from whoever uses the GPUs, unless a reboot was consented to."""
    clients = ["%s %s" % (each["kind"], each["subject"]) for each in host["clients"]]
    if clients and replaces_module(selection, host) and not wish.allow_reboot:
        raise SelectionRefusedError(
            "driver %s would replace %s under %s"
            % (selection.version, host["modules"]["loaded"]["version"], ", ".join(clients)),
            "end that work, or set `nvidia_driver_allow_reboot: true` to reboot the host under it",
        )


def _refuse_branch(wish: Wish, gpu: Mapping[str, Any]) -> None:
    last, first = _LAST_BRANCH.get(gpu["architecture"]), _FIRST_BRANCH.get(gpu["architecture"])
    if last and wish.branch > last:
        raise SelectionRefusedError(
            "driver %s does not support %s (last branch: %d)" % (wish.version, _label(gpu), last),
            'set `nvidia_driver_version: "%d"` for this host' % last,
        )
    if first and wish.branch < first:
        raise SelectionRefusedError(
            "driver %s does not support %s (first branch: %d)" % (wish.version, _label(gpu), first),
            'set `nvidia_driver_version: "%d"` or later for this host' % max(first, 580),
        )


def _at_version(
    patterns: Sequence[str], wish: Wish, kernel: str, version: str, offer: Offer
) -> Dict[str, str]:
    found: Dict[str, str] = {}
    missing = []
    for pattern in patterns:
        name = _named([pattern], wish.branch, kernel)[0]
        match = _release_of(name, version, offer)
        if match:
            found[name] = match
        elif not pattern.endswith("?"):
            missing.append(name)
    if missing:
        raise SelectionRefusedError(
            "%s has no %s at version %s" % (_origin(wish), ", ".join(missing), version),
            "choose another `nvidia_driver_version`, or complete the repository",
        )
    return found


def _carried_along(
    version: str, anchor: str, catalogued: Set[str], settled: Set[str], offer: Offer
) -> Dict[str, str]:
    """Return installed packages of the driver that were not asked for, at the version they move to with it.

    They are those that a row names, and those that have the very version of the driver that is installed.
    """
    present = upstream(offer.installed.get(anchor, ""))
    found = {
        name: _release_of(name, version, offer)
        for name, each in offer.installed.items()
        if name not in settled and (name in catalogued or (present and upstream(each) == present))
    }
    return {name: release for name, release in found.items() if release}


def _available(packages: Dict[str, Optional[str]], offer: Offer) -> Dict[str, Optional[str]]:
    """Return the packages, or refuse when there is none of one of them."""
    missing = []
    for name, version in packages.items():
        known = {*offer.versions.get(name, ()), *filter(None, [offer.installed.get(name)])}
        if not known or (version and version not in known):
            missing.append("%s=%s" % (name, version) if version else name)
    if missing:
        raise SelectionRefusedError(
            "no repository has %s, which the driver needs to be built for the running kernel"
            % ", ".join(missing),
            "reboot into a kernel whose headers exist, or add the repository that has them",
        )
    return packages


def headers_metapackages(installed: Iterable[str]) -> List[str]:
    """Return the headers' counterpart of each metapackage that keeps a kernel up to date."""
    images = (re.match(r"\Alinux-image-([a-z].*)\Z", name) for name in installed)
    return sorted("linux-headers-%s" % match.group(1) for match in images if match)


def _release_of(name: str, version: str, offer: Offer) -> Optional[str]:
    known: Tuple[str, ...] = (*offer.versions.get(name, ()), *filter(None, [offer.installed.get(name)]))
    return next((each for each in known if upstream(each) == version), None)


def loose_names(row: Row, branch: int, kernel: str) -> List[str]:
    """Return the names of the packages of a row that have versions of their own."""
    patterns = [
        name for part, names in row.items() if part.endswith("_loose") or part == "headers" for name in names
    ]
    return list(_loose(patterns, branch, kernel))


def _loose(patterns: Iterable[str], branch: int, kernel: str) -> Dict[str, Optional[str]]:
    """Return name and version, if one is given, of packages that have versions of their own."""
    pairs = (each.partition("=") for each in _named(patterns, branch, kernel))
    return {name: version or None for name, _, version in pairs}


def _named(patterns: Iterable[str], branch: int, kernel: str) -> List[str]:
    # rpm's kernel packages leave the architecture out of their version.
    release = re.sub(r"\.(?:x86_64|aarch64)\Z", "", kernel)
    return [
        pattern.rstrip("?").format(branch=branch, kernel=kernel, kernel_version=release)
        for pattern in patterns
    ]


def _label(gpu: Mapping[str, Any]) -> str:
    return "%s at %s" % (gpu["name"] or gpu["id"], gpu["pci"])


def _origin(wish: Wish) -> str:
    return "the distribution's archive" if wish.source == "distro" else "NVIDIA's repository"
