"""The Docker engine, asked at its socket."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from provision.plugins.module_utils.containers.engine import (
    Container,
    DockerApiError,
    containers,
    describe,
    get,
    is_running,
    running_containers,
)
from provision.plugins.module_utils.host.machine import Machine

from .fake_engine import Engine

TRAIN, WEB = (
    {"Name": "/train", "Config": {"Image": "cuda:base"}},
    {"Name": "/web", "Config": {"Image": "nginx"}},
)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "docker.sock")


@pytest.fixture
def engine(path: str) -> Iterator[Engine]:
    given = {**TRAIN, "HostConfig": {"DeviceRequests": [{"Driver": "nvidia"}]}}
    found = Engine(
        Path(path),
        {
            "/containers/json": [{"Id": "b"}, {"Id": "gone"}, {"Id": "a"}],
            "/containers/a/json": given,
            "/containers/b/json": WEB,
        },
    )
    yield found
    found.listener.close()


def test_running_containers_are_told_by_name_without_those_that_just_ended(engine: Engine, path: str) -> None:
    assert running_containers(path) == [
        Container("train", "cuda:base", True),
        Container("web", "nginx", False),
    ]
    assert sorted(containers(path)) == ["a", "b"]
    assert "/containers/gone/json" in engine.asked


def test_what_the_engine_refuses_is_told(engine: Engine, path: str) -> None:
    with pytest.raises(DockerApiError, match="no such container"):
        get("/containers/none/json", path)
    with pytest.raises(DockerApiError):
        get("/containers/json", path + ".none")
    assert engine.asked == ["/containers/none/json"]


def test_an_engine_runs_while_its_pid_is_dockerds(tmp_path: Path) -> None:
    machine = Machine(str(tmp_path))
    assert not is_running(machine)
    for file, text in (("var/run/docker.pid", "41\n"), ("proc/41/comm", "dockerd\n")):
        (tmp_path / file).parent.mkdir(parents=True)
        (tmp_path / file).write_text(text)
    assert is_running(machine)
    (tmp_path / "proc/41/comm").write_text("somebody-else\n")
    assert not is_running(machine)


def test_describe_marks_gpus() -> None:
    assert describe([Container("train", "i", True), Container("web", "i", False)]) == "`train` (GPU), `web`"
