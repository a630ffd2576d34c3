"""managed_files, run as Ansible runs it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from provision.plugins.modules import managed_files

RunModule = Callable[..., dict[str, Any]]


def test_files_are_written_predicted_by_their_path_and_left_alone_then(
    run_module: RunModule, tmp_path: Path
) -> None:
    path = tmp_path / "conf.d/a"
    options = {"files": {str(path): "text\n"}}
    predicted = run_module(managed_files, options, check=True)
    assert not path.exists()
    result = run_module(managed_files, options)
    assert path.read_text() == "text\n"
    assert predicted["diff"] == result["diff"]
    assert [each["after_header"] for each in result["diff"]] == [str(path)]
    again = run_module(managed_files, options)
    assert (again["changed"], again["diff"]) == (False, [])


def test_another_mode_or_text_is_put_right(run_module: RunModule, tmp_path: Path) -> None:
    path = tmp_path / "a"
    options = {"files": {str(path): "text\n"}}
    run_module(managed_files, options)
    path.chmod(0o600)
    assert "0600" in run_module(managed_files, options)["diff"][0]["before"]
    path.write_text("other\n")
    assert run_module(managed_files, options)["changed"]
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("text\n", 0o644)


def test_a_file_that_cannot_be_written_is_an_error_with_a_hint(run_module: RunModule, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run_module(managed_files, {"files": {str(tmp_path / "file/a"): "text\n"}})
    assert "cannot write" in result["msg"]
    assert result["hint"]
