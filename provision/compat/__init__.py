"""Which drivers, GPUs, CUDA toolkits, distributions and engines fit together, and how that is known."""

from provision.compat.answer import Answer, answer
from provision.compat.fleet import Refusal, refusals, warnings
from provision.compat.matrix import Matrix, Row, ended
from provision.compat.matrix import load as load_matrix
from provision.compat.rules import Verdict

__all__ = [
    "Answer",
    "Matrix",
    "Refusal",
    "Row",
    "Verdict",
    "answer",
    "ended",
    "load_matrix",
    "refusals",
    "warnings",
]
