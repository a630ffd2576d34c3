"""Documents for machines."""

import json
from collections.abc import Mapping


def dump(document: Mapping[str, object]) -> str:
    """Return the document as the one line that a command prints with `--json`."""
    return json.dumps(document, ensure_ascii=False)
