"""Proof that containers see the GPUs: checks that ship with the product, run against any inventory."""

from provision.verify.report import NO_GPU, Check, HostReport, VerifyReport
from provision.verify.runner import run

__all__ = ["NO_GPU", "Check", "HostReport", "VerifyReport", "run"]
