"""The two streams."""

import pytest

from provision.report import console


def test_data_and_talk_do_not_meet(capsys: pytest.CaptureFixture[str]) -> None:
    console.data().print("data")
    console.talk().print("talk")
    assert capsys.readouterr() == ("data\n", "talk\n")


@pytest.mark.parametrize(("columns", "width"), [(None, 140), ("60", 60)])
def test_a_pipe_has_no_edge_unless_it_is_told(
    columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    assert console.data().width == width
