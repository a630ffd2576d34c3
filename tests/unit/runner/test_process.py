"""Real runs of a small playbook on this machine: events, log, and what is left after an interruption."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provision import content
from provision.errors import RunError
from provision.runner import Event, Playbook, run_playbook
from provision.runner.events import Kind, parse
from provision.runner.process import environment
from tests.processes import commands

_INVENTORY = """
h1 ansible_connection=local
h2 ansible_connection=local
h3 ansible_connection=local
gone ansible_host=127.0.0.1 ansible_port=1 ansible_ssh_common_args="-o ConnectTimeout=2"
[all:vars]
ansible_python_interpreter={python}
"""

_PLAYBOOK = """
- hosts: all
  gather_facts: false
  strategy: host_pinned
  tasks:
    - name: Reach the host
      ping:
    - name: Do the role
      include_role: {name: demo}
"""

_ROLE = """
- name: Change a thing
  copy: {content: "new\\n", dest: "{{ scratch }}/{{ inventory_hostname }}"}
- name: Not for everyone
  debug: {msg: hello}
  when: false
- name: Keep a secret
  debug: {msg: "{{ token }}"}
  no_log: true
- name: Let a failure pass
  command: "false"
  ignore_errors: true
  changed_when: false
- name: Mend a failure
  block:
    - name: Fail and be mended
      fail: {msg: mended below}
  rescue:
    - name: Mend it
      debug: {msg: mended}
- name: Refuse on one host
  refusal: {msg: a reboot is needed, hint: allow it}
  when: inventory_hostname == "h2"
- name: Fail in a loop on another
  command: "ls {{ item }}"
  loop: [/, /nowhere/at/all, /never/reached]
  when: inventory_hostname == "h3"
  changed_when: false
- name: Talk too much
  debug: {msg: "{{ 'x' * 9000 }}"}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "roles" / "demo" / "tasks").mkdir(parents=True)
    (tmp_path / "roles" / "demo" / "tasks" / "main.yml").write_text(_ROLE)
    (tmp_path / "site.yml").write_text(_PLAYBOOK)
    (tmp_path / "fleet.ini").write_text(_INVENTORY.format(python=sys.executable))
    monkeypatch.setattr(content, "playbook", lambda name: str(tmp_path / f"{name}.yml"))
    return tmp_path


def _run(project: Path, *hosts: str, **options: bool) -> tuple[int, list[Event], Path]:
    seen: list[Event] = []
    playbook = Playbook(
        "site", project / "fleet.ini", hosts, {"scratch": str(project), "token": "hunter2"}, **options
    )
    result = run_playbook(playbook, project / "run", on_event=seen.append)
    return result.returncode, seen, result.log


def _of(events: list[Event], host: str) -> list[tuple[str, str]]:
    return [
        (event.kind, event.task) for event in events if event.host == host and event.kind is not Kind.TASK
    ]


def test_a_run_tells_each_host_by_itself(project: Path) -> None:
    returncode, events, log = _run(project, "h1", "h2", "h3", "gone", diff=True)
    assert returncode == 4  # Ansible's for a host that is out of reach, others failed or not

    assert _of(events, "h1")[:6] == [
        ("ok", "Reach the host"),
        ("ok", "Do the role"),
        ("changed", "Change a thing"),
        ("skipped", "Not for everyone"),
        ("ok", "Keep a secret"),
        ("failed", "Let a failure pass"),
    ]
    by = {(event.host, event.task): event for event in events if event.kind is not Kind.TASK}
    assert by["h1", "Change a thing"].role == "demo"
    assert by["h1", "Change a thing"].diff[0]["after"] == "new\n"
    assert by["h1", "Let a failure pass"].ignored
    assert by["h1", "Talk too much"].message.endswith("…")
    assert len(by["h1", "Talk too much"].message) == 4000
    assert by["h2", "Refuse on one host"].kind is Kind.REFUSED
    assert by["h2", "Refuse on one host"].reason == "a reboot is needed"
    assert by["h2", "Refuse on one host"].hint == "allow it"
    assert by["h3", "Fail in a loop on another"].kind is Kind.FAILED
    assert "/nowhere/at/all" in by["h3", "Fail in a loop on another"].stderr
    assert by["gone", "Reach the host"].kind is Kind.UNREACHABLE
    assert by["gone", "Reach the host"].role is None

    stats = events[-1].stats
    assert (events[-1].kind, set(stats)) == (Kind.STATS, {"h1", "h2", "h3", "gone"})
    assert (stats["h1"]["failures"], stats["h1"]["rescued"], stats["h1"]["ignored"]) == (0, 1, 1)
    assert (stats["h2"]["failures"], stats["gone"]["unreachable"]) == (1, 1)

    record = project / "run" / "events.jsonl"
    assert [parse(line) for line in record.read_text().splitlines()] == events
    assert "hunter2" not in record.read_text() + log.read_text()
    assert log.read_text().startswith("$ ") and "PLAY RECAP" in log.read_text()
    assert {stat.S_IMODE(path.stat().st_mode) for path in (project / "run").iterdir()} == {0o600}


def test_check_mode_reaches_the_playbook(project: Path) -> None:
    _, events, _ = _run(project, "h1", check=True)
    assert ("changed", "Change a thing") in _of(events, "h1")
    assert not (project / "h1").exists()


def test_a_run_that_cannot_be_recorded_is_not_begun(project: Path) -> None:
    (project / "run").write_text("a file in the way")
    with pytest.raises(RunError, match=r"cannot write `.*/run`: File exists"):
        _run(project, "h1")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process(project: Path, number: signal.Signals) -> None:
    task = f"sleep 4711.{os.getpid()}"  # ours, and nobody's who runs this test beside us
    (project / "site.yml").write_text(
        f"- hosts: all\n  gather_facts: false\n  tasks: [{{name: Wait, command: {task}}}]\n"
    )
    program = f"""
from pathlib import Path
from provision import content
from provision.runner import Playbook, run_playbook
content.playbook = lambda name: "{project}/site.yml"
playbook = Playbook("site", Path("{project}/fleet.ini"), ("h1", "h2"))
run_playbook(playbook, Path("{project}/run"), on_event=lambda event: print(event.kind, flush=True))
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "task\n"
        try:
            _wait_for(task)  # the task's own process must be there before it can be left behind
            process.send_signal(number)
            assert process.wait(timeout=60) != 0
        finally:
            process.kill()
    if number == signal.SIGKILL:  # nobody waited for them
        _wait_for(task, gone=True)
        _wait_for(f"{project}/site.yml", gone=True)
    assert not _running(task)
    assert not _running(f"{project}/site.yml")


def _wait_for(words: str, *, gone: bool = False) -> None:
    deadline = time.monotonic() + 30
    while bool(_running(words)) is gone:
        assert time.monotonic() < deadline, f"`{words}` did not {'end' if gone else 'start'}"
        time.sleep(0.1)


def _running(words: str) -> list[str]:
    return [command for command in commands(words) if " -c " not in command]


def test_environment_adds_to_the_users_callbacks_and_keeps_the_chosen_configuration() -> None:
    inherited = {"ANSIBLE_CALLBACKS_ENABLED": "timer", "ANSIBLE_CONFIG": "/mine.cfg", "PATH": "/bin"}
    made = environment(inherited, "/dev/fd/9", "/tmp/x")
    assert made["ANSIBLE_CALLBACKS_ENABLED"] == f"timer,{content.callback()}"
    assert (made["ANSIBLE_CONFIG"], made["PATH"]) == ("/mine.cfg", "/bin")
    assert (made["PROVISION_EVENTS_PATH"], made["ANSIBLE_SSH_CONTROL_PATH_DIR"]) == ("/dev/fd/9", "/tmp/x")


def test_a_host_that_dies_is_noticed_and_the_users_arguments_count_first() -> None:
    alive = "-o ServerAliveInterval=15 -o ServerAliveCountMax=8"
    assert environment({}, "/dev/fd/9", "/tmp/x")["ANSIBLE_SSH_EXTRA_ARGS"] == alive
    made = environment({"ANSIBLE_SSH_EXTRA_ARGS": "-o ServerAliveInterval=60"}, "/dev/fd/9", "/tmp/x")
    assert made["ANSIBLE_SSH_EXTRA_ARGS"] == f"-o ServerAliveInterval=60 {alive}"


def test_shared_connections_are_closed_at_the_end(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = project / "bin"
    programs.mkdir()
    (programs / "ssh").write_text(f'#!/bin/sh\necho "$@" >> {project}/asked\n')
    (programs / "ssh").chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    (project / "site.yml").write_text(
        "- hosts: all\n  gather_facts: false\n  tasks: [{shell: touch $ANSIBLE_SSH_CONTROL_PATH_DIR/m}]\n"
    )
    _run(project, "h1")
    (asked,) = (project / "asked").read_text().splitlines()
    assert asked.startswith("-F none -O exit -o ControlPath=") and asked.endswith("/m master")
    assert not Path(asked.split("ControlPath=")[1].split()[0]).parent.exists()
