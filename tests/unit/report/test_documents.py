"""What every command prints with `--json`."""

import ast
from pathlib import Path

import pytest

from provision import cli
from provision.report.documents import dump


def test_a_document_is_one_line_in_which_every_letter_stays() -> None:
    assert dump({"hint": "größer…", "n": None}) == '{"hint": "größer…", "n": null}'


@pytest.mark.parametrize("path", sorted(Path(cli.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_no_command_has_a_dumper_of_its_own(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports if "json" in ast.unparse(node).split()] == []
