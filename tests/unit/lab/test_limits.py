"""Limits of the kernel are raised, never lowered."""

from pathlib import Path

import pytest

from provision.lab.limits import raise_limits


@pytest.mark.parametrize(("before", "after"), [("128\n", "8192"), ("65536\n", "65536\n")])
def test_raises_but_never_lowers(tmp_path: Path, before: str, after: str) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(before)
    raise_limits(limit)
    assert limit.read_text() == after
