"""The rules: one question each, asked of the matrix; an answer says yes, no or beware, and names its row."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from provision.compat.matrix import Matrix, Row, ended
from provision.compat.version import Version
from provision.plugins.module_utils.gpus import boards


class Verdict(StrEnum):
    """How a rule answers."""

    YES = "yes"
    NO = "no"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Reason:
    """One answer: what holds, why, the row that decided, and for a `no` what cures it."""

    verdict: Verdict
    what: str
    why: str
    row: Row
    hint: str | None = None

    @property
    def text(self) -> str:
        """Return the answer as one line."""
        return f"{self.what} ({self.why})" if self.why else self.what


def label(pci_id: str) -> str:
    """Return what a person calls the GPU: its board, else its id."""
    return boards.name(pci_id) or pci_id


def driver_for_gpu(matrix: Matrix, pci_id: str, driver: Version) -> Iterator[Reason]:
    """Answer whether a driver knows the GPU: first and last branch, oldest version of the board."""
    architecture = boards.architecture(pci_id)
    row = matrix.architecture(architecture) if architecture else None
    if row is None:
        return
    refused = f"driver {driver} does not support {label(pci_id)}"
    suggestion = f'set `nvidia_driver_version: "{_suggested(matrix, row)}"`'
    first, last = row.get("first"), row.get("last")
    if last is not None and driver.branch > last:
        why = f"{architecture}: last branch is {last}"
        yield Reason(Verdict.NO, refused, why, row, f'set `nvidia_driver_version: "{last}"`')
        return
    if first is not None and driver.branch < first:
        why = f"{architecture}: first branch is {first}"
        yield Reason(
            Verdict.NO, refused, why, row, f'set `nvidia_driver_version: "{_suggested(matrix, row)}"`'
        )
        return
    board = matrix.gpu(pci_id)
    if board is not None:
        minimum = Version.parse(board["minimum"])
        if matrix.newest(driver) < minimum:
            why = f"oldest driver for it: {minimum}"
            yield Reason(Verdict.NO, refused, why, board, suggestion)
            return
        row = board
    why = f"{architecture}, branches {_span(first, last)}"
    yield Reason(Verdict.YES, f"driver {driver} supports {label(pci_id)}", why, row)


def modules_for_gpu(matrix: Matrix, pci_id: str, flavour: str) -> Iterator[Reason]:
    """Answer whether kernel modules of a flavour, `open` or `proprietary`, drive the GPU."""
    architecture = boards.architecture(pci_id)
    row = matrix.architecture(architecture) if architecture else None
    if row is None:
        return
    board = matrix.gpu(pci_id)
    if board is not None and board.get("modules"):
        row = board
    needed = row["modules"]
    if needed in (boards.EITHER, flavour):
        yield Reason(Verdict.YES, f"{flavour} kernel modules drive {label(pci_id)}", row.note or "", row)
        return
    what = f"{flavour} kernel modules do not drive {label(pci_id)}"
    why = f"{architecture} needs the {needed} ones"
    yield Reason(Verdict.NO, what, why, row, "set `nvidia_driver_flavour: auto`")


def modules_of_branch(matrix: Matrix, driver: Version, flavour: str) -> Iterator[Reason]:
    """Answer whether NVIDIA packages kernel modules of this flavour for the driver's branch."""
    row = matrix.branch(driver.branch)
    if row is None or flavour in row["flavours"]:
        return
    others = [each for each in matrix.rows("branches") if flavour in each["flavours"]]
    nearest = min(others, key=lambda each: abs(each["branch"] - driver.branch))["branch"]
    what = f"driver {driver} has no {flavour} kernel modules"
    hint = f'set `nvidia_driver_flavour: auto`, or `nvidia_driver_version: "{nearest}"`'
    yield Reason(Verdict.NO, what, f"packaged for {driver.branch}: {', '.join(row['flavours'])}", row, hint)


def support_of_branch(matrix: Matrix, driver: Version, today: date) -> Iterator[Reason]:
    """Say whether the driver's branch still gets fixes; its end is a warning, not a refusal."""
    row = matrix.branch(driver.branch)
    if row is None:
        return
    newest = matrix.newest(Version.parse(driver.branch))
    if newest < driver and not newest.is_branch:
        what = f"driver {driver} is newer than any known of its branch"
        yield Reason(Verdict.WARNING, what, f"newest known: {newest}", row)
    until, kind = row.get("eol"), row.get("class") or "class unknown"
    if ended(row, today):
        living = [each["branch"] for each in matrix.rows("branches") if not ended(each, today)]
        since = f" since {until}" if until else ""
        what = f"driver branch {driver.branch} is out of support{since}"
        yield Reason(Verdict.WARNING, what, f"supported: {_list(living)}", row, None)
        return
    what = f"driver branch {driver.branch} ({kind}) is supported"
    yield Reason(Verdict.INFO, what, f"until {until}" if until else "end not published", row)


def driver_for_cuda(matrix: Matrix, driver: Version, cuda: Version) -> Iterator[Reason]:
    """Answer whether programs built with a CUDA toolkit run on a driver."""
    release, floor = matrix.cuda(cuda), matrix.cuda_floor(cuda)
    real = matrix.newest(driver)
    if release is not None and real >= Version.parse(release["driver"]):
        why = f"needs {release['driver']} or newer"
        yield Reason(Verdict.YES, f"CUDA {cuda} runs on driver {driver}", why, release)
        return
    if floor is not None and real >= Version.parse(floor["driver"]):
        what = f"CUDA {cuda} runs on driver {driver} by minor-version compatibility"
        why = f"any {floor['major']}.x from {floor['driver']}; PTX compiled at run time may be refused"
        yield Reason(Verdict.WARNING, what, why, floor)
        return
    row = floor or release
    if row is not None:
        what = f"CUDA {cuda} does not run on driver {driver}"
        why = f"needs {row['driver']} or newer"
        yield Reason(Verdict.NO, what, why, row, f'set `nvidia_driver_version: "{_branch_for(matrix, row)}"`')


def cuda_for_gpu(matrix: Matrix, pci_id: str, cuda: Version) -> Iterator[Reason]:
    """Answer whether a CUDA toolkit still compiles for the GPU."""
    architecture = boards.architecture(pci_id)
    row = matrix.architecture(architecture) if architecture else None
    last = row.get("last_cuda") if row else None
    if row is None or last is None:
        return
    if cuda <= Version.parse(last):
        yield Reason(Verdict.YES, f"CUDA {cuda} compiles for {label(pci_id)}", f"up to {last}", row)
        return
    what = f"CUDA {cuda} does not compile for {label(pci_id)}"
    yield Reason(
        Verdict.NO, what, f"{architecture}: last toolkit is {last}", row, f"use CUDA {last} or older"
    )


def driver_in_archive(distribution: Row, driver: Version) -> Iterator[Reason]:
    """Answer whether a distribution's own archive carries the driver."""
    archive = distribution["archive"]
    if archive == "unknown":
        return
    where = f"the archive of {title(distribution)}"
    hint = "set `nvidia_driver_source: nvidia`"
    if not archive:
        yield Reason(Verdict.NO, f"{where} has no NVIDIA driver", "", distribution, hint)
        return
    carried = [Version.parse(each) for each in archive]
    fits = [each for each in carried if each.branch == driver.branch]
    if fits and (driver.is_branch or fits[0].is_branch or fits[0] == driver):
        yield Reason(Verdict.YES, f"{where} carries driver {fits[0]}", "", distribution)
        return
    what, why = f"{where} does not carry driver {driver}", f"it has {_list(carried)}"
    hint += f', or `nvidia_driver_version: "{carried[0].branch}"`'
    yield Reason(Verdict.NO, what, why, distribution, hint)


def title(distribution: Row) -> str:
    """Return what a person calls the distribution of a row."""
    names = {"debian": "Debian", "ubuntu": "Ubuntu", "el": "Enterprise Linux"}
    return f"{names[distribution['distribution']]} {distribution.get('release') or distribution['major']}"


def _suggested(matrix: Matrix, architecture: Row) -> int:
    """Return the long-term branch that drives the architecture, else its first one."""
    first = architecture.get("first") or 0
    last = architecture.get("last") or max(matrix.branches())
    long_term = [
        row["branch"]
        for row in matrix.rows("branches")
        if row.get("class") == "LTS" and not row.get("ended") and first <= row["branch"] <= last
    ]
    return int(max(long_term, default=first))


def _branch_for(matrix: Matrix, row: Row) -> int:
    needed = Version.parse(row["driver"]).branch
    later = [each["branch"] for each in matrix.rows("branches") if each["branch"] >= needed]
    long_term = [each for each in later if (matrix.branch(each) or row).get("class") == "LTS"]
    return int(max(long_term, default=needed))


def _span(first: int | None, last: int | None) -> str:
    if first and last:
        return f"{first} to {last}"
    return f"up to {last}" if last else f"{first} and newer" if first else "all current"


def _list(values: list[Version] | list[int]) -> str:
    return ", ".join(str(each) for each in values)
