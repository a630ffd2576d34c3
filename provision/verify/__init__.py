"""Proof that containers see the GPUs: checks that ship with the product, run against any inventory.

Independence is deliberate: a check shares the connection with the role that it judges and no code, so what is
seen on a host (`asking.evidence`) and what is read out of it (`parsing`) has readers of its own here.
"""

from provision.verify.report import FAILED, NO_GPU, PASSED, SKIPPED, Check, HostReport, VerifyReport
from provision.verify.runner import run

__all__ = ["FAILED", "NO_GPU", "PASSED", "SKIPPED", "Check", "HostReport", "VerifyReport", "run"]
