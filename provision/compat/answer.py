"""What `provision compat` answers: GPU, driver and CUDA in any combination."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from provision.compat import matrix as data
from provision.compat import rules
from provision.compat.matrix import Matrix
from provision.compat.rules import Reason, Verdict
from provision.compat.version import Version
from provision.errors import UsageError
from provision.plugins.module_utils.gpus import boards


@dataclass(frozen=True)
class Answer:
    """The reasons, and whether the whole combination is supported."""

    gpu: str | None
    driver: Version | None
    cuda: Version | None
    reasons: tuple[Reason, ...]

    @property
    def supported(self) -> bool:
        """Tell whether nothing speaks against the combination."""
        return self.refusal is None

    @property
    def refusal(self) -> Reason | None:
        """Return the first reason that speaks against it."""
        return next((reason for reason in self.reasons if reason.verdict is Verdict.NO), None)


def answer(
    gpu: str | None = None, driver: str | None = None, cuda: str | None = None, *, today: date | None = None
) -> Answer:
    """Answer whether a GPU (name or PCI id), a driver (branch or version) and a CUDA toolkit fit together.

    What is left out is not asked: `answer(gpu="B200")` says which drivers there are for it. Raises UsageError
    for a GPU, driver branch or toolkit that the data does not know.
    """
    matrix = data.load()
    pci_id = None if gpu is None else find_gpu(gpu)
    version = None if driver is None else _known_driver(matrix, Version.parse(driver))
    toolkit = None if cuda is None else _known_cuda(matrix, Version.parse(cuda))
    reasons = _reasons(matrix, pci_id, version, toolkit, today or date.today())
    return Answer(pci_id, version, toolkit, tuple(reasons))


def find_gpu(asked: str) -> str:
    """Return the PCI id of a GPU that is named as `10de:2330`, `2330`, `H100` or `H100 SXM5 80GB`.

    A name that several boards begin with stands for the first of them. Raises UsageError.
    """
    text = asked.strip().lower()
    as_id = boards.gpu(text) or boards.gpu(f"{boards.VENDOR}:{text}")
    if as_id is not None and (as_id.architecture is not None or ":" in text):
        if as_id.architecture is None:
            raise UsageError(
                f"unknown GPU `{asked}`", hint="its PCI id is in no table; is it newer than this release?"
            )
        return as_id.id
    names = data.gpu_names()
    plain = text.removeprefix("nvidia ").removeprefix("tesla ").replace("-", " ")
    for name, pci_id in names.items():
        if name == plain or name.startswith(f"{plain} "):
            return pci_id
    families = [name.split()[0] for name in names]
    near = get_close_matches(plain, [*names, *families], n=1)
    hint = f"did you mean `{near[0].upper()}`?" if near else "name it as `H100` or `10de:2330`"
    raise UsageError(f"unknown GPU `{asked}`", hint=hint)


def _known_driver(matrix: Matrix, driver: Version) -> Version:
    if matrix.branch(driver.branch) is None:
        hint = _near(driver.branch, matrix.branches())
        raise UsageError(f"unknown driver branch `{driver.branch}`", hint=hint)
    return driver


def _known_cuda(matrix: Matrix, cuda: Version) -> Version:
    if matrix.cuda(cuda) is None:
        known = ", ".join(row["cuda"] for row in matrix.rows("cuda"))
        raise UsageError(f"unknown CUDA toolkit `{cuda}`", hint=f"known: {known}")
    return cuda


def _near(branch: int, known: Iterable[int]) -> str:
    ordered = sorted(known, key=lambda each: abs(each - branch))
    return f"did you mean `{ordered[0]}`? known: {', '.join(str(each) for each in sorted(ordered))}"


def _reasons(
    matrix: Matrix, gpu: str | None, driver: Version | None, cuda: Version | None, today: date
) -> Iterator[Reason]:
    if gpu is not None and driver is not None:
        yield from rules.driver_for_gpu(matrix, gpu, driver)
        yield from _modules(matrix, gpu, driver)
    elif gpu is not None:
        yield from _gpu_alone(matrix, gpu)
    if driver is not None:
        yield from rules.support_of_branch(matrix, driver, today)
    if driver is not None and cuda is not None:
        yield from rules.driver_for_cuda(matrix, driver, cuda)
    elif cuda is not None:
        yield from _cuda_alone(matrix, cuda)
    elif driver is not None:
        yield from _driver_alone(matrix, driver)
    if gpu is not None and cuda is not None:
        yield from rules.cuda_for_gpu(matrix, gpu, cuda)


def _modules(matrix: Matrix, gpu: str, driver: Version) -> Iterator[Reason]:
    """Say which kernel modules of this driver drive the GPU."""
    branch = matrix.branch(driver.branch)
    packaged = branch["flavours"] if branch else []
    answers = [reason for each in packaged for reason in rules.modules_for_gpu(matrix, gpu, each)]
    fits = [reason for reason in answers if reason.verdict is Verdict.YES]
    if fits:
        yield from fits
    elif branch is not None:
        needed = boards.modules(gpu)
        what = f"driver {driver} has no kernel modules for {rules.label(gpu)}"
        yield Reason(Verdict.NO, what, f"it needs {needed} ones, packaged are: {', '.join(packaged)}", branch)


def _gpu_alone(matrix: Matrix, gpu: str) -> Iterator[Reason]:
    architecture = matrix.architecture(boards.architecture(gpu) or "")
    if architecture is None:
        return
    branches = [
        branch
        for branch in matrix.branches()
        if all(r.verdict is not Verdict.NO for r in rules.driver_for_gpu(matrix, gpu, Version.parse(branch)))
    ]
    row = matrix.gpu(gpu) or architecture
    minimum = f", {row['minimum']} or newer" if row.get("minimum") else ""
    name = f"{rules.label(gpu)} ({architecture['architecture']})"
    what = f"{name} has drivers {branches[0]} to {branches[-1]}{minimum}"
    yield Reason(Verdict.INFO, what, "", row)
    needed = boards.modules(gpu)
    words = "open or proprietary" if needed == boards.EITHER else str(needed)
    yield Reason(Verdict.INFO, f"kernel modules: {words}", architecture.note or "", architecture)


def _driver_alone(matrix: Matrix, driver: Version) -> Iterator[Reason]:
    real = matrix.newest(driver)
    native = [row for row in matrix.rows("cuda") if real >= Version.parse(row["driver"])]
    if native:
        what = f"newest CUDA toolkit with every feature: {native[-1]['cuda']}"
        yield Reason(Verdict.INFO, what, "", native[-1])
    floors = [row for row in matrix.rows("cuda_floors") if real >= Version.parse(row["driver"])]
    if floors:
        what = f"runs any CUDA {floors[-1]['major']}.x by minor-version compatibility"
        yield Reason(Verdict.INFO, what, f"from driver {floors[-1]['driver']}", floors[-1])


def _cuda_alone(matrix: Matrix, cuda: Version) -> Iterator[Reason]:
    release, floor = matrix.cuda(cuda), matrix.cuda_floor(cuda)
    if release is not None:
        what = f"CUDA {cuda} has every feature from driver {release['driver']}"
        yield Reason(Verdict.INFO, what, release.note or "", release)
    if floor is not None:
        what = f"CUDA {cuda} runs from driver {floor['driver']}"
        yield Reason(Verdict.INFO, what, "minor-version compatibility", floor)
