"""What a probe asks of a host whose inventory has a MIG layout: the survey, and the GPUs as a planner needs them."""

from typing import Any, Dict, Optional

from ..gpus.holders import look
from ..host.machine import Machine
from ..mig.snapshot import as_json
from ..mig.survey import take_snapshot
from .answer import tell
from .survey import survey


def survey_with_partitions(machine: Optional[Machine] = None) -> Dict[str, Any]:
    """Return the survey with the snapshot as `partitions`."""
    machine = machine or Machine()
    holders = look(machine)
    snapshot = take_snapshot(machine, holders=holders)
    return {**survey(machine, holders), "partitions": as_json(snapshot)}


def main() -> None:
    """Print it."""
    tell(survey_with_partitions)
