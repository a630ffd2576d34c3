"""docker_daemon_config, run as Ansible runs it, on files of a temporary directory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from provision.plugins.module_utils.containers import docker_service
from provision.plugins.module_utils.containers.engine import Container
from provision.plugins.module_utils.host import files
from provision.plugins.modules import docker_daemon_config

RUNTIME = {"default-runtime": "nvidia", "runtimes": {"nvidia": {"path": "nvidia-container-runtime"}}}
UNIT = "# /lib/systemd/system/docker.service\n[Service]\nExecStart=/usr/bin/dockerd -H fd:// --icc=false\n"
RUNNING = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nInvocationID=abc\n"
ABSENT = "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nInvocationID=\n"

Run = Callable[..., dict[str, Any]]


class Host:
    """What the module finds on the host besides the file."""

    def __init__(self) -> None:
        self.version: str | None = "26.1.5+dfsg1"
        self.unit = RUNNING
        self.rejected: str | None = None
        self.victims: list[Container] = []
        self.live_restore = False
        self.missing: set[str] = set()

    def program(self, name: str) -> str | None:
        return None if name in self.missing or not self.version else f"/usr/bin/{name}"

    def command(self, argv: list[str], **_: object) -> tuple[int, str, str]:
        if argv[:2] == ["systemctl", "show"]:
            return 0, self.unit, ""
        if argv[:2] == ["systemctl", "cat"]:
            return 0, UNIT, ""
        if argv[1:] == ["--version"]:
            return 0, f"Docker version {self.version}, build 1", ""
        assert "--validate" in argv
        return (1, "", f"{self.rejected} in {argv[-1]}") if self.rejected else (0, "", "")


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Host:
    host = Host()
    monkeypatch.setattr(
        AnsibleModule, "run_command", lambda _, argv, **options: host.command(argv, **options)
    )
    monkeypatch.setattr(AnsibleModule, "get_bin_path", lambda _, name: host.program(name))
    monkeypatch.setattr(docker_service, "get", lambda _: {"LiveRestoreEnabled": host.live_restore})
    monkeypatch.setattr(docker_service, "running_containers", lambda: host.victims)
    monkeypatch.setattr(files.back_up, "__defaults__", (str(tmp_path / "backup"),))
    return host


@pytest.fixture
def run(host: Host, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, run_module: Run) -> Run:
    paths = {
        "path": str(tmp_path / "daemon.json"),
        "state_directory": str(tmp_path / "state"),
        "_ansible_remote_tmp": str(tmp_path_factory.mktemp("ansible")),
    }

    def run(*, check: bool = False, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - as in a playbook
        return run_module(docker_daemon_config, {"owner": "toolkit", **paths, **options}, check=check)

    assert host
    return run


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("text", [None, "", "\n"])
def test_missing_and_empty_files_are_filled(run: Run, tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "daemon.json"
    if text is not None:
        file.write_text(text)
    assert run(settings=RUNTIME)["changed"]
    assert json.loads(file.read_text()) == RUNTIME
    assert file.stat().st_mode & 0o777 == 0o644
    assert not run(settings=RUNTIME)["changed"]


def test_nothing_asked_for_leaves_no_file(run: Run, tmp_path: Path) -> None:
    assert not run(settings={})["changed"]
    assert not (tmp_path / "daemon.json").exists()


def test_check_mode_says_the_same_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text('{"debug": true}')
    before = tree(tmp_path)
    predicted = run(check=True, settings=RUNTIME)
    assert tree(tmp_path) == before
    done = run(settings=RUNTIME)
    assert {key: predicted[key] for key in predicted if key != "invocation"} == {
        key: done[key] for key in done if key not in ("invocation", "backup_file")
    }
    assert done["diff"]["after"] == (tmp_path / "daemon.json").read_text()


def test_mode_owner_and_symbolic_link_stay_and_a_backup_is_made(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    target.write_text('{"debug": true}')
    target.chmod(0o640)
    (tmp_path / "daemon.json").symlink_to(target)
    result = run(settings=RUNTIME)
    assert (tmp_path / "daemon.json").is_symlink()
    assert target.stat().st_mode & 0o777 == 0o640
    assert json.loads(target.read_text())["debug"] is True
    backup = Path(result["backup_file"])
    assert backup.read_text() == '{"debug": true}'
    assert backup.stat().st_mode & 0o777 == 0o600
    assert not any(path.name.startswith(".") for path in tmp_path.iterdir() if path.is_file())


def test_owners_do_not_disturb_each_other(run: Run, tmp_path: Path) -> None:
    run(owner="engine", settings={"log-opts": {"max-size": "10m"}}, allow_restart=True)
    run(owner="toolkit", settings=RUNTIME)
    assert run(owner="engine", settings={}, allow_restart=True)["changed"]
    assert json.loads((tmp_path / "daemon.json").read_text()) == RUNTIME
    assert run(owner="toolkit", settings={}, allow_restart=True)["changed"]
    assert json.loads((tmp_path / "daemon.json").read_text()) == {}


def test_a_key_that_two_want_differently_is_refused(run: Run, tmp_path: Path) -> None:
    run(owner="engine", settings={"default-runtime": "crun"})
    before = tree(tmp_path)
    result = run(owner="toolkit", settings=RUNTIME)
    assert result["failed"]
    assert "`default-runtime`" in result["msg"]
    assert "is set by engine to another value" in result["msg"]
    assert tree(tmp_path) == before


REFUSED = {
    "trailing comma": ('{\n  "debug": true,\n}\n', 3, 1),
    "duplicate": ('{"debug": true,\n "debug": false}\n', 2, 2),
    "array": ("[]", 1, 1),
    "wrong type": ('{\n "runtimes": ["nvidia"]\n}', 2, 14),
}


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(("text", "line", "column"), REFUSED.values(), ids=REFUSED.keys())
def test_malformed_files_are_named_and_not_touched(
    run: Run, tmp_path: Path, *, text: str, line: int, column: int, check: bool
) -> None:
    file = tmp_path / "daemon.json"
    file.write_text(text)
    before = tree(tmp_path)
    result = run(check=check, settings=RUNTIME)
    assert result["failed"]
    assert f"in `{file}`, line {line}, column {column}" in result["msg"]
    assert "not touched" in result["hint"]
    assert tree(tmp_path) == before


def test_bytes_that_are_no_text_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_bytes(b'{"a": "\xff"}')
    assert "not UTF-8 at byte 7" in run(settings=RUNTIME)["msg"]


def test_a_flag_of_dockerd_is_named_with_its_unit(run: Run, tmp_path: Path) -> None:
    result = run(settings={"icc": False})
    assert result["msg"].startswith("`icc` of ")
    assert "/lib/systemd/system/docker.service" in result["msg"]
    assert not (tmp_path / "daemon.json").exists()


def test_what_dockerd_does_not_accept_is_not_written(run: Run, host: Host, tmp_path: Path) -> None:
    host.rejected = "the following directives don't match any configuration option: colour"
    result = run(settings={"colour": "blue"})
    assert f"any configuration option: colour in {tmp_path / 'daemon.json'}" in result["msg"]
    assert not (tmp_path / "daemon.json").exists()
    host.version = "20.10.24"  # cannot validate
    assert run(settings={"colour": "blue"})["changed"]


@pytest.mark.parametrize(
    ("version", "engine_version", "wanted"),
    [
        ("24.0.9", "", False),
        ("25.0.0", "", True),
        (None, "20.10.24", False),
        (None, "26.1.5", True),
        (None, "", True),
    ],
)
def test_keys_come_with_the_engine_that_knows_them(
    run: Run, host: Host, tmp_path: Path, *, version: str | None, engine_version: str, wanted: bool
) -> None:
    host.version = version
    run(settings=RUNTIME, since={"25.0": {"features": {"cdi": True}}}, engine_version=engine_version)
    assert ("features" in json.loads((tmp_path / "daemon.json").read_text())) is wanted


@pytest.mark.parametrize("check", [True, False])
def test_a_restart_that_stops_containers_is_refused_before_anything_is_written(
    run: Run, host: Host, tmp_path: Path, check: bool
) -> None:
    host.victims = [Container("train", "cuda:base", True), Container("web", "nginx", False)]
    before = tree(tmp_path)
    result = run(check=check, settings={"log-driver": "journald"}, consent="x_allow_restart")
    assert result["refused"]
    assert result["msg"] == "restarting Docker would stop 2 running containers: `train` (GPU), `web`"
    assert "`x_allow_restart: true`" in result["hint"]
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    ("settings", "options", "live_restore", "activation"),
    [
        (RUNTIME, {}, False, "reload"),
        ({"log-driver": "journald"}, {"allow_restart": True}, False, "restart"),
        ({"log-driver": "journald"}, {}, True, "restart"),
    ],
    ids=["reload", "consent", "live-restore"],
)
def test_running_containers_do_not_always_matter(
    run: Run,
    host: Host,
    *,
    settings: dict[str, Any],
    options: dict[str, Any],
    live_restore: bool,
    activation: str,
) -> None:
    host.victims = [Container("train", "cuda:base", True)]
    host.live_restore = live_restore
    result = run(settings=settings, **options)
    assert (result["changed"], result["activation"]) == (True, activation)


def test_live_restore_that_goes_protects_nobody(run: Run, host: Host) -> None:
    run(owner="engine", settings={"live-restore": True})
    host.live_restore = True
    host.victims = [Container("train", "cuda:base", True)]
    assert run(owner="engine", settings={})["refused"]


def test_a_change_that_was_never_loaded_is_remembered(run: Run, host: Host) -> None:
    run(settings={"log-driver": "journald"})
    assert run(settings={"log-driver": "journald"})["activation"] == "restart"
    host.unit = RUNNING.replace("abc", "def")  # dockerd was started since
    assert run(settings={"log-driver": "journald"})["activation"] == "none"


def test_programs_that_dockerd_looks_for_at_its_start_need_a_restart(run: Run, host: Host) -> None:
    """Foreseen while they are missing; remembered once they are there, until dockerd was started anew."""
    host.missing = {"hook"}
    assert run(check=True, settings={}, programs_at_start=["hook"])["activation"] == "restart"
    assert not run(state="saved", programs_at_start=["hook"])["changed"]
    host.missing = set()
    assert run(settings={}, programs_at_start=["hook"])["activation"] == "restart"
    host.unit = RUNNING.replace("abc", "def")
    assert run(settings={}, programs_at_start=["hook"])["activation"] == "none"


@pytest.mark.parametrize("check", [True, False])
def test_such_a_restart_is_refused_before_anything_is_installed(run: Run, host: Host, check: bool) -> None:
    host.missing = {"hook"}
    host.victims = [Container("train", "cuda:base", True)]
    assert run(check=check, state="saved", programs_at_start=["hook"])["refused"]


def test_formatting_alone_is_no_change_of_meaning(run: Run, tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text(json.dumps(RUNTIME, indent=7))
    result = run(settings=RUNTIME)
    assert (result["changed"], result["semantic_change"], result["activation"]) == (False, False, "none")


def test_a_saved_file_comes_back_when_a_package_took_it(
    run: Run, host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "daemon.json"
    file.write_text('{"mtu": 9000}')
    monkeypatch.setattr(
        docker_daemon_config, "packages", lambda *_: {"nvidia-docker2": {"version": "2.13.0-1"}}
    )
    assert not run(state="saved", packages=["nvidia-docker2"])["changed"]
    host.unit = ABSENT  # it took Docker along as well
    file.unlink()
    result = run(settings={"debug": True})
    assert result["changed"]
    assert json.loads(file.read_text()) == {"mtu": 9000, "debug": True}
    file.unlink()
    run(settings={"debug": True})
    assert json.loads(file.read_text()) == {"debug": True}


def test_nothing_is_installed_for_a_docker_that_is_not_there(run: Run, host: Host) -> None:
    host.unit = ABSENT
    assert run(state="saved", packages=["nvidia-docker2"])["msg"] == "Docker is not installed on this host"
    assert not run(check=True, state="saved", packages=["nvidia-docker2"]).get("failed")


def test_nothing_is_saved_without_such_a_package(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "daemon.json").write_text("{}")
    monkeypatch.setattr(docker_daemon_config, "packages", lambda *_: {"nvidia-docker2": {"version": None}})
    run(state="saved", packages=["nvidia-docker2"])
    assert not (tmp_path / "state").exists()


def test_a_full_disk_leaves_the_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "daemon.json"
    file.write_text('{"mtu": 9000}')

    def full(path: str, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", path)

    monkeypatch.setattr(docker_daemon_config, "replace", full)
    result = run(settings=RUNTIME)
    assert result["msg"] == f"cannot write `{file}`: No space left on device"
    assert file.read_text() == '{"mtu": 9000}'
