"""What became of the hosts in one run."""

import pytest

from provision.model.run import HostRun, Outcome, Run


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([Outcome.CONVERGED, Outcome.CHANGED, Outcome.SKIPPED], 0),
        ([Outcome.CHANGED, Outcome.REFUSED], 3),
        ([Outcome.REFUSED, Outcome.FAILED], 1),
        ([Outcome.UNREACHABLE, Outcome.CHANGED], 1),
    ],
)
def test_exit_code(outcomes: list[Outcome], code: int) -> None:
    assert (
        Run("r", {str(number): HostRun(outcome) for number, outcome in enumerate(outcomes)}).exit_code == code
    )
