"""Package repositories and the container image of the lab: what the internet would hand to real servers."""

from provision.lab.packages.build import build

__all__ = ["build"]
