"""What every command prints with `--json`."""

import json
from collections.abc import Mapping


def dump(document: Mapping[str, object]) -> str:
    """Return the document as one line; letters of every script stay as they are."""
    return json.dumps(document, ensure_ascii=False)
