"""Proof that containers see the GPUs: checks that ship with the product, run against any inventory."""

from provision.verify.report import Check, HostReport, VerifyReport
from provision.verify.run import run

__all__ = ["Check", "HostReport", "VerifyReport", "run"]
