"""Writes what happens on each host as one JSON object a line, for a program to read while the play runs."""

from __future__ import annotations

import json
import os
import select
import signal
import stat
import threading
from typing import Any, Dict, List, Optional

from ansible.playbook.role_include import IncludeRole
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: provision_events
type: notification
short_description: One JSON object a line for each thing that happens on a host
description:
  - Writes to a file or to an open descriptor (C(/dev/fd/N)) while the play runs.
  - "Each line has RV(event): C(task) when a host starts a task, then C(ok), C(changed), C(failed),
    C(refused), C(skipped) or C(unreachable), with C(host), C(role), C(task) and, where there is one,
    C(msg), C(hint), C(stderr), C(diff) and C(ignored). The last line is C(stats)."
  - A task that fails with C(refused) in its result is the event C(refused).
  - Results of tasks with C(no_log) are left out.
  - Where it writes to a pipe and the reader of it ends, even by C(kill -9), the play is interrupted as with
    Ctrl-C, so that no play goes on that nobody watches.
options:
  path:
    description: File or descriptor to write to. Nothing is written without it.
    type: str
    env:
      - name: PROVISION_EVENTS_PATH
    ini:
      - section: provision
        key: events_path
"""

_Ansible = Any
"""A host, task or result of Ansible's, which has no types."""

_Json = Dict[str, Any]

_TEXT_LIMIT = 4000
_DIFF_LIMIT = 64000
"""Characters that one event carries of one text and of all its diffs; the log of the run has the rest."""


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible has no types
    """Turns Ansible's calls into lines."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "provision_events"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display: _Ansible = None, options: _Ansible = None) -> None:
        super().__init__(display=display, options=options)
        self._descriptor: Optional[int] = None
        self._failed_items: Dict[str, _Json] = {}

    def set_options(
        self, task_keys: _Ansible = None, var_options: _Ansible = None, direct: _Ansible = None
    ) -> None:
        """Open the file that the option names."""
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        path = self.get_option("path")
        if path:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            if stat.S_ISFIFO(os.fstat(self._descriptor).st_mode):
                watch = threading.Thread(
                    target=_interrupt_without_reader, args=(self._descriptor,), daemon=True
                )
                watch.start()

    def v2_runner_on_start(self, host: _Ansible, task: _Ansible) -> None:
        """Tell that the host begins a task."""
        self._failed_items.pop(host.get_name(), None)
        self._write("task", host.get_name(), task)

    def v2_runner_on_ok(self, result: _Ansible) -> None:
        """Tell that a task is done, with or without a change."""
        self._finished("changed" if result.is_changed() else "ok", result)

    def v2_runner_on_skipped(self, result: _Ansible) -> None:
        """Tell that a task does not apply."""
        self._finished("skipped", result)

    def v2_runner_item_on_failed(self, result: _Ansible) -> None:
        """Keep the first failed item of a loop: the loop's own result gives no reason."""
        self._failed_items.setdefault(result.host.get_name(), result.result)

    def v2_runner_on_failed(self, result: _Ansible, ignore_errors: bool = False) -> None:
        """Tell that a task failed, or refused to disrupt the host."""
        refused = self._failed_items.get(result.host.get_name(), result.result).get("refused") is True
        self._finished("refused" if refused else "failed", result, ignored=bool(ignore_errors))

    def v2_runner_on_unreachable(self, result: _Ansible) -> None:
        """Tell that the host could not be reached."""
        self._finished("unreachable", result)

    def v2_playbook_on_stats(self, stats: _Ansible) -> None:
        """Tell Ansible's own count of each host, which knows about rescued and ignored failures."""
        self._line(
            {"event": "stats", "hosts": {host: stats.summarize(host) for host in sorted(stats.processed)}}
        )

    def _finished(self, event: str, result: _Ansible, **more: object) -> None:
        host = result.host.get_name()
        reason = self._failed_items.pop(host, result.result)
        details = {} if result.task.no_log else _details(result.result, reason)
        self._write(event, host, result.task, **details, **more)

    def _write(self, event: str, host: str, task: _Ansible, **more: object) -> None:
        # Role and bare name: what Ansible prints differs between a clone and the installed collection.
        name = str(task.name or task.action)
        role = None if isinstance(task, IncludeRole) else _role(task.get_name(include_role_fqcn=False), name)
        self._line({"event": event, "host": host, "role": role, "task": name, **more})

    def _line(self, event: _Json) -> None:
        if self._descriptor is None:
            return
        data = (json.dumps(event, default=lambda value: type(value).__name__) + "\n").encode()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except BrokenPipeError:
            self._descriptor = None  # the reader has left, and the play is being interrupted


def _interrupt_without_reader(descriptor: int) -> None:
    """Wait until nobody can read the pipe any more, however that came about; then do as Ctrl-C does."""
    poll = select.poll()
    poll.register(descriptor, 0)  # POLLERR, which says so, is always among what is waited for
    poll.poll()
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


def _role(full: str, name: str) -> Optional[str]:
    """Return the role in `role : name`, which is how Ansible calls a task of a role."""
    return None if full == name else full[: -len(" : " + name)]


def _details(result: _Json, reason: _Json) -> _Json:
    """Return what a reader needs of a result, cut to a bearable size; `reason` has the words."""
    details: _Json = {}
    for key in ("msg", "hint", "stderr"):
        text = reason.get(key)
        if text:
            details[key] = _cut(text if isinstance(text, str) else json.dumps(text, default=str), _TEXT_LIMIT)
    diffs = [diff for item in [result, *(result.get("results") or ())] for diff in _diffs(item)]
    room, left_out = _DIFF_LIMIT, 0
    kept = []
    for diff in diffs:
        size = sum(len(str(value)) for value in diff.values())
        if size <= room:
            kept.append(diff)
            room -= size
        else:
            # What is too long to be shown is named all the same.
            kept.append({key: diff[key] for key in ("before_header", "after_header") if key in diff})
            left_out += 1
    if kept:
        details["diff"] = kept
    if left_out:
        details["diffs_left_out"] = left_out
    return details


def _diffs(item: _Ansible) -> List[_Json]:
    found = item.get("diff") if isinstance(item, dict) and not item.get("_ansible_no_log") else None
    return [
        diff for diff in (found if isinstance(found, list) else [found]) if isinstance(diff, dict) and diff
    ]


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
