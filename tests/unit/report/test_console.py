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


def test_text_of_a_host_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    console.data().print("[bold]x[/x] :smile:")
    console.talk().print("[/x]")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("[bold]x[/x] :smile:\n", "[/x]\n")
