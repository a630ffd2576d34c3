"""docker_daemon_info, with systemd and the engine answered."""

import pytest

from provision.plugins.module_utils.containers.engine import Container, DockerApiError
from provision.plugins.modules import docker_daemon_info

from .conftest import Programs, RunModule


@pytest.mark.parametrize(
    ("load", "active", "told"),
    [
        ("not-found", "inactive", (False, False, [])),
        ("loaded", "failed", (True, False, [])),
        ("loaded", "active", (True, True, [{"name": "train", "image": "cuda", "gpu": True}])),
    ],
)
def test_the_engine_is_asked_where_it_runs(
    run_module: RunModule,
    programs: Programs,
    monkeypatch: pytest.MonkeyPatch,
    *,
    load: str,
    active: str,
    told: tuple[bool, bool, list[dict[str, object]]],
) -> None:
    programs.answers = {("systemctl", "show"): (0, f"LoadState={load}\nActiveState={active}\n", "")}
    monkeypatch.setattr(docker_daemon_info, "restart_victims", lambda: [Container("train", "cuda", True)])
    result = run_module(docker_daemon_info, {})
    assert (result["changed"], result["installed"], result["running"], result["victims"]) == (False, *told)


def test_an_engine_that_does_not_answer_is_an_error(
    run_module: RunModule, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> list[Container]:
        raise DockerApiError("no answer")

    programs.answers = {("systemctl", "show"): (0, "LoadState=loaded\nActiveState=active\n", "")}
    monkeypatch.setattr(docker_daemon_info, "restart_victims", silent)
    result = run_module(docker_daemon_info, {})
    assert result["msg"] == "cannot tell which containers run: no answer"
    assert result["hint"] == "look at `journalctl -u docker`"
