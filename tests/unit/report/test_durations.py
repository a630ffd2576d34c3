"""Times as people say them."""

import pytest

from provision.report.durations import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.84, "0.8 s"),
        (9.96, "10 s"),
        (42, "42 s"),
        (59.7, "1 min 00 s"),
        (187, "3 min 07 s"),
        (3720, "1 h 02 min"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
