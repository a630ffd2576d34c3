"""The host itself."""

from provision.verify.evidence import Evidence


def test_reachable(seen: Evidence) -> None:
    """The host lets us in and become root; where it does not, this is the one check that is reported."""
    seen.detail(seen.kernel)
