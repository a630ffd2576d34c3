"""YAML files of ours: specifications, defaults and tables that ship with the product."""

from pathlib import Path
from typing import Any


def read(path: Path) -> Any:  # noqa: ANN401 - it is whatever the file holds
    """Return the document in the file, by libyaml where PyYAML has it: ten times as fast.

    Raises OSError, and yaml.YAMLError for what is no YAML.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
