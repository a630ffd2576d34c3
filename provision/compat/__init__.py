"""Which drivers, GPUs, CUDA toolkits, distributions and engines fit together, and how that is known."""

from provision.compat.answer import Answer, answer
from provision.compat.fleet import Refusal, refusals, warnings

__all__ = ["Answer", "Refusal", "answer", "refusals", "warnings"]
