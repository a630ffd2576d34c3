"""docker_daemon, run as Ansible runs it, with a systemd and an engine that obey."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from provision.plugins.module_utils.containers import docker_service
from provision.plugins.module_utils.containers.docker_service import Note, write_note
from provision.plugins.module_utils.containers.engine import Container
from provision.plugins.module_utils.host import files
from provision.plugins.modules import docker_daemon

Run = Callable[..., dict[str, Any]]


class Engine:
    """dockerd under systemd: starts only with a file that it likes, loads the file on start and reload."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.state = {
            "containerd.service": ["enabled", "active"],
            "docker.socket": ["enabled", "active"],
            "docker.service": ["enabled", "active"],
        }
        self.exists = True
        self.bad_key = ""
        self.deaf = False
        self.victims: list[Container] = []
        self.calls: list[str] = []
        self.loaded: dict[str, Any] = {}

    def load(self) -> None:
        self.loaded = json.loads(self.file.read_text()) if self.file.exists() else {}

    def command(self, argv: list[str], **_: object) -> tuple[int, str, str]:
        if argv[0] == "journalctl":
            return 0, "starting up\nunable to configure the Docker daemon: no such option: colour\n", ""
        verb, units = argv[1], argv[2:]
        if verb == "show":
            return 0, "\n\n".join(self.block(name) for name in units[units.index("--") + 1 :]), ""
        self.calls.append(f"{verb} {units[-1]}")
        if verb == "enable":
            for name in units:
                self.state[name][0] = "enabled"
        elif verb == "reload" and not self.deaf:
            self.load()
        elif verb in ("start", "restart"):
            if self.bad_key and self.file.exists() and self.bad_key in self.file.read_text():
                self.state["docker.service"][1] = "failed"
                return 1, "", "Job for docker.service failed"
            for name in units:
                self.state[name][1] = "active"
            self.load()
        return 0, "", ""

    def block(self, name: str) -> str:
        enabled, active = self.state[name]
        load = "loaded" if self.exists else "not-found"
        return f"LoadState={load}\nActiveState={active}\nUnitFileState={enabled}\nInvocationID=abc"

    def get(self, _: str) -> dict[str, Any]:
        return {
            "DefaultRuntime": self.loaded.get("default-runtime", "runc"),
            "Runtimes": self.loaded.get("runtimes", {}),
            "LiveRestoreEnabled": self.loaded.get("live-restore", False),
        }


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    engine = Engine(tmp_path / "daemon.json")
    monkeypatch.setattr(
        AnsibleModule, "run_command", lambda _, argv, **options: engine.command(argv, **options)
    )
    monkeypatch.setattr(docker_daemon, "get", engine.get)
    monkeypatch.setattr(docker_service, "get", engine.get)
    monkeypatch.setattr(docker_service, "running_containers", lambda: engine.victims)
    monkeypatch.setattr(docker_daemon, "_LOADED_SECONDS", 0.5)
    monkeypatch.setattr(files.back_up, "__defaults__", (str(tmp_path / "backup"),))
    return engine


@pytest.fixture
def run(engine: Engine, tmp_path: Path, run_module: Run) -> Run:
    paths = {"path": str(engine.file), "state_directory": str(tmp_path / "state")}

    def run(*, check: bool = False, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - as in a playbook
        return run_module(docker_daemon, {**paths, **options}, check=check)

    return run


def note(tmp_path: Path, action: str, keys: list[str], backup: str = "") -> None:
    write_note(Note(action, keys, backup, "abc"), str(tmp_path / "state"))


def test_nothing_to_do_does_nothing(run: Run, engine: Engine) -> None:
    result = run()
    assert (result["changed"], result["action"], engine.calls) == (False, "none", [])


@pytest.mark.parametrize("action", ["reload", "restart"])
def test_what_the_note_asks_for_is_done_once(run: Run, engine: Engine, tmp_path: Path, action: str) -> None:
    note(tmp_path, action, ["labels"])
    assert run(check=True)["action"] == action
    assert engine.calls == []
    assert run()["action"] == action
    assert f"{action} docker.service" in engine.calls
    assert not run()["changed"]


def test_a_note_on_a_former_dockerd_counts_no_longer(run: Run, tmp_path: Path) -> None:
    write_note(Note("restart", ["x"], "", "before"), str(tmp_path / "state"))
    assert not run()["changed"]


def test_values_that_dockerd_does_not_show_are_loaded(run: Run, engine: Engine) -> None:
    engine.file.write_text('{"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "x"}}}')
    result = run()
    assert (result["action"], result["reasons"]) == ("reload", ["default-runtime", "runtimes"])
    assert engine.loaded["default-runtime"] == "nvidia"


def test_a_reload_that_dockerd_ignores_is_an_error(run: Run, engine: Engine) -> None:
    engine.file.write_text('{"default-runtime": "nvidia"}')
    engine.deaf = True
    assert "did not take daemon.json over" in run()["msg"]


def test_a_restart_that_stops_containers_needs_consent(run: Run, engine: Engine, tmp_path: Path) -> None:
    note(tmp_path, "restart", ["log-driver"])
    engine.victims = [Container("train", "cuda:base", True)]
    for check in (True, False):
        result = run(check=check)
        assert result["refused"]
        assert result["msg"] == "restarting Docker would stop 1 running container: `train` (GPU)"
        assert result["workloads"] == [{"name": "train", "image": "cuda:base", "gpu": True}]
    assert engine.calls == []
    assert run(allow_restart=True)["action"] == "restart"


@pytest.mark.parametrize("former", ['{"mtu": 9000}', None])
def test_a_file_that_dockerd_does_not_start_with_is_put_back(
    run: Run, engine: Engine, tmp_path: Path, former: str | None
) -> None:
    backup = tmp_path / "former"
    if former is not None:
        backup.write_text(former)
    engine.file.write_text('{"colour": "blue"}')
    engine.bad_key = "colour"
    note(tmp_path, "restart", ["colour"], str(backup) if former is not None else "")
    result = run()
    assert "runs again with the former file" in result["msg"]
    assert "no such option: colour" in result["msg"]
    assert (engine.file.read_text() if engine.file.exists() else None) == former
    assert engine.state["docker.service"][1] == "active"


def test_stopped_disabled_and_masked_units_come_back(run: Run, engine: Engine) -> None:
    engine.state["docker.service"] = ["masked", "inactive"]
    engine.state["containerd.service"] = ["disabled", "active"]
    result = run()
    assert result["action"] == "start"
    assert result["reasons"] == ["docker.service", "containerd.service disabled", "docker.service masked"]
    assert engine.state["docker.service"] == ["enabled", "active"]
    assert engine.state["containerd.service"] == ["enabled", "active"]
    assert "unmask docker.service" in engine.calls


def test_containerd_that_is_down_is_started_beside_what_the_note_asks_for(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    engine.state["containerd.service"][1] = "failed"
    note(tmp_path, "restart", ["log-driver"])
    result = run()
    assert (result["action"], result["reasons"]) == ("restart", ["containerd.service", "log-driver"])
    assert engine.state["containerd.service"][1] == "active"
    assert "restart docker.service" in engine.calls
    engine.state["containerd.service"][1] = "failed"
    assert (run()["action"], run()["action"]) == ("start", "none")


def test_a_file_that_was_edited_since_the_note_is_kept_when_the_former_one_is_put_back(
    run: Run, engine: Engine, tmp_path: Path
) -> None:
    """A run was killed while dockerd did not start; meanwhile somebody tried to mend the file."""
    engine.state["docker.service"][1] = "failed"
    (tmp_path / "former").write_text('{"mtu": 9000}')
    write_note(Note("restart", ["colour"], str(tmp_path / "former"), "killed"), str(tmp_path / "state"))
    engine.file.write_text('{"colour": "green"}')
    engine.bad_key = "colour"
    assert "runs again with the former file" in run()["msg"]
    assert engine.file.read_text() == '{"mtu": 9000}'
    (copy,) = (tmp_path / "backup").iterdir()
    assert copy.read_text() == '{"colour": "green"}'


def test_the_socket_is_enabled_again_but_left_for_docker_to_start(run: Run, engine: Engine) -> None:
    engine.state["docker.socket"] = ["masked", "inactive"]
    result = run()
    assert (result["action"], result["reasons"]) == ("none", ["docker.socket masked"])
    assert engine.calls == ["unmask docker.socket", "enable docker.socket"]


@pytest.mark.parametrize(
    ("options", "changed"),
    [
        ({"starts_on_install": True}, False),
        ({"starts_on_install": False}, True),
        ({"starts_on_install": True, "activation": "restart"}, True),
    ],
)
def test_check_mode_predicts_what_comes_after_the_package(
    run: Run, engine: Engine, options: dict[str, Any], changed: bool
) -> None:
    engine.exists = False
    assert run(check=True, **options)["changed"] is changed
    assert "not installed" in run(**options)["msg"]
