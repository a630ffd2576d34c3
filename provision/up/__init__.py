"""The use case `up`: survey a fleet, get consent, apply what differs, settle what became of it, prove it.

`plan` and `status` are its survey alone, `plan --diff` with what check mode predicts.
"""

from provision.up.apply import InterruptedRunError
from provision.up.consent import to_ask
from provision.up.effects import Effects, RealEffects
from provision.up.predict import predict
from provision.up.run import run
from provision.up.survey import Survey, prepare, survey
from provision.up.tally import HostTally, Tally
from provision.up.watcher import Watcher

__all__ = [
    "Effects",
    "HostTally",
    "InterruptedRunError",
    "RealEffects",
    "Survey",
    "Tally",
    "Watcher",
    "predict",
    "prepare",
    "run",
    "survey",
    "to_ask",
]
