"""Running playbooks: a value that knows its command line, a process, and typed events while it runs."""

from provision.runner.events import Event, Kind, subjects
from provision.runner.playbook import Playbook
from provision.runner.process import Result, run_playbook

__all__ = ["Event", "Kind", "Playbook", "Result", "run_playbook", "subjects"]
