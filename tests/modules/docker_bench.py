"""One host for the tests of both Docker modules: files, packages, a systemd and a dockerd that outlive a process."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from provision.plugins.module_utils.containers import docker_service
from provision.plugins.module_utils.containers.daemon_json_owners import load_owners
from provision.plugins.module_utils.host import files
from provision.plugins.modules import docker_daemon, docker_daemon_config

_ASKED = ("show", "cat")


class DockerHost:
    """A host on which the toolkit's role is run: its modules one after the other, a package between them.

    dockerd loads its file on start and reload and looks for its hook on start; it does not start with the key
    `bad`. A legacy package, where there is one, takes daemon.json along when it goes.
    """

    def __init__(self, folder: Path, *, legacy: bool = False) -> None:
        self.root = folder / "host"
        self.daemon_json, self.state = self.root / "daemon.json", self.root / "state"
        self._dockerd = folder / "dockerd.json"
        self._tick: Callable[[], None] = _nothing
        self.root.mkdir()
        self.daemon_json.write_text('{"mtu": 9000}')
        self._keep(up=True, starts=0, loaded={"mtu": 9000}, hook=False, sees_hook=False, legacy=legacy)

    @property
    def dockerd(self) -> dict[str, Any]:
        """What dockerd and systemd know: up, starts, loaded, hook, sees_hook, legacy."""
        found: dict[str, Any] = json.loads(self._dockerd.read_text())
        return found

    def end(self) -> dict[str, Any]:
        """What counts in the end. Not how often dockerd was started, nor copies of files, nor torn ones."""
        dockerd = self.dockerd
        del dockerd["starts"]
        names = {
            path.relative_to(self.root).as_posix() for path in self.root.rglob("[!.]*") if path.is_file()
        }
        return {
            "dockerd": dockerd,
            "daemon.json": json.loads(self.daemon_json.read_text()),
            "files": {name for name in names if not name.startswith("backup/")}
            - {"state/daemon-json-owners.json"},
            "owners": vars(load_owners(str(self.state))),
        }

    def install(
        self, setattr: Callable[[object, str, object], None], tick: Callable[[], None] | None = None
    ) -> None:
        """Stand in for what modules find on a host; tick before every command that changes it."""
        self._tick = tick or _nothing
        setattr(AnsibleModule, "run_command", lambda _, argv, **__: self._command(argv))
        setattr(AnsibleModule, "get_bin_path", lambda _, name: self._program(name))
        setattr(docker_service, "get", lambda _: {})
        setattr(docker_service, "running_containers", list)
        setattr(docker_daemon, "get", lambda _: {})
        setattr(docker_daemon_config, "packages", lambda *_: {"nvidia-docker2": {"version": self._legacy()}})
        setattr(files.back_up, "__defaults__", (str(self.root / "backup"),))

    def run(self, settings: dict[str, Any]) -> None:
        """Run what the role runs; a module that fails ends it."""
        paths = {"path": str(self.daemon_json), "state_directory": str(self.state)}
        config = {**paths, "owner": "toolkit", "settings": settings, "programs_at_start": ["hook"]}
        with suppress(_FailedError):
            _run(docker_daemon_config, {**config, "state": "saved", "packages": ["nvidia-docker2"]})
            self._install_packages()
            _run(docker_daemon_config, config)
            _run(docker_daemon, paths)

    def _legacy(self) -> str | None:
        return "2.13.0-1" if self.dockerd["legacy"] else None

    def _program(self, name: str) -> str | None:
        return f"/usr/bin/{name}" if name != "hook" or self.dockerd["hook"] else None

    def _install_packages(self) -> None:
        self._tick()
        if self.dockerd["legacy"]:
            self.daemon_json.unlink()
        self._keep(hook=True, legacy=False)

    def _command(self, argv: list[str]) -> tuple[int, str, str]:
        if argv[0] != "systemctl":
            return 0, "Docker version 26.1.5, build 1", ""
        verb, *names = argv[1:]
        if verb not in _ASKED:
            self._tick()
        if verb == "show":
            return 0, "\n\n".join(self._unit(name) for name in names[names.index("--") + 1 :]), ""
        if verb in ("start", "restart"):
            return self._start()
        if verb == "reload":
            self._keep(loaded=self._content())
        return 0, "", ""

    def _unit(self, name: str) -> str:
        dockerd = self.dockerd
        active = "active" if dockerd["up"] or name != "docker.service" else "failed"
        return (
            f"LoadState=loaded\nActiveState={active}\nUnitFileState=enabled\nInvocationID={dockerd['starts']}"
        )

    def _start(self) -> tuple[int, str, str]:
        """Every attempt is an invocation, to systemd."""
        content, starts = self._content(), self.dockerd["starts"] + 1
        if "bad" in content:
            self._keep(up=False, starts=starts, loaded=None)
            return 1, "", "Job for docker.service failed"
        self._keep(up=True, starts=starts, loaded=content, sees_hook=self.dockerd["hook"])
        return 0, "", ""

    def _content(self) -> dict[str, Any]:
        content: dict[str, Any] = (
            json.loads(self.daemon_json.read_text()) if self.daemon_json.exists() else {}
        )
        return content

    def _keep(self, **changes: object) -> None:
        former = self.dockerd if self._dockerd.exists() else {}
        self._dockerd.write_text(json.dumps({**former, **changes}))


def _nothing() -> None:
    pass


class _FailedError(Exception):
    pass


def _run(module: ModuleType, arguments: Mapping[str, object]) -> None:
    with patch_module_args(arguments):
        try:
            module.main()
        except SystemExit as error:
            if error.code:
                raise _FailedError from error
