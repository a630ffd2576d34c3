"""YAML files of ours."""

from pathlib import Path

import pytest
import yaml

from provision import yaml_file


def test_a_document_is_read_as_utf_8(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes("name: \u00fcber\nlist: [1, x]\n".encode())
    assert yaml_file.read(tmp_path / "a.yml") == {"name": "\u00fcber", "list": [1, "x"]}


def test_what_is_no_yaml_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("a: [")
    with pytest.raises(yaml.YAMLError):
        yaml_file.read(tmp_path / "a.yml")
