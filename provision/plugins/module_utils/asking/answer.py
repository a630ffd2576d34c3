"""How a host answers what the controller asks: JSON between two marks, which are found whatever a login prints."""

import json
import os
import sys
from typing import Any, Callable, Dict, Mapping

SCHEMA = 1
"""Of the survey."""

BEGIN = "provision-answer-begin"
END = "provision-answer-end"

Measure = Callable[..., Dict[str, Any]]


def tell(measure: Measure) -> None:
    """Print, in one line, what is measured with the options that `sys.argv[1]` holds as JSON."""
    answer = measured(measure, json.loads(sys.argv[1]))
    sys.stdout.write("\n{} {} {}\n".format(BEGIN, json.dumps(answer), END))
    sys.stdout.flush()


def measured(measure: Measure, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Return what was measured, or `error`: what keeps this process from measuring."""
    return measure(**options) if os.geteuid() == 0 else {"error": "not root"}
