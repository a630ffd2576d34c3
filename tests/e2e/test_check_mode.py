"""What `plan --diff` predicts on bare servers is what `up` then changes, by resource, both ways."""

import pytest

from .conftest import Story
from .lab import GPU_SERVERS

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("fleet")]


@pytest.mark.parametrize("server", GPU_SERVERS)
def test_the_prediction_names_exactly_what_changes(story: Story, server: str) -> None:
    predicted = story.predicted.json["hosts"][server]["changes"]
    changed = story.up.json["hosts"][server]["changes"]
    assert predicted
    assert sorted(map(tuple, predicted)) == sorted(map(tuple, changed))
