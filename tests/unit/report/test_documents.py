"""What every command prints with `--json`."""

import ast
from pathlib import Path

from provision import cli
from provision.report.documents import dump


def test_a_document_is_one_line_in_which_every_letter_stays() -> None:
    assert dump({"hint": "größer…", "n": None}) == '{"hint": "größer…", "n": null}'


def test_no_command_has_a_dumper_of_its_own() -> None:
    for path in Path(cli.__file__).parent.glob("*.py"):
        imported = [
            alias.name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Import)
            for alias in node.names
        ]
        assert "json" not in imported, path.name
