"""cdi_spec, run as Ansible runs it, with a toolkit that describes the GPUs of the moment."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule

from provision.plugins.module_utils.containers.cdi import digest
from provision.plugins.module_utils.host import files
from provision.plugins.modules import cdi_spec

Run = Callable[..., dict[str, Any]]
SPEC = 'cdiVersion: 0.5.0\nkind: nvidia.com/gpu\ndevices:\n    - name: "0"\n    - name: all\n# driver {}\n'


class Toolkit:
    """nvidia-ctk and, from 1.18 on, its units; `etc` and `run` stand for the folders of specifications."""

    def __init__(self, folder: Path) -> None:
        self.etc, self.run = folder / "etc", folder / "run"
        self.driver = "580.95.05"
        self.error = ""
        self.installed = self.refreshes = True
        self.writes = True
        self.enabled, self.active = "enabled", "active"
        self.calls: list[str] = []
        self.etc.mkdir()

    def command(self, argv: list[str], **_: object) -> tuple[int, str, str]:
        if argv[0] == "/usr/bin/nvidia-ctk":
            return (
                (1, "", f"Using driver\n{self.error}\n") if self.error else (0, SPEC.format(self.driver), "")
            )
        if argv[1] == "show":
            load = "loaded" if self.refreshes else "not-found"
            block = (
                f"LoadState={load}\nActiveState={self.active}\nUnitFileState={self.enabled}\nInvocationID="
            )
            return 0, f"{block}\n\n{block}", ""
        self.calls.append(" ".join(argv[1:]))
        if argv[1:] == ["restart", "nvidia-cdi-refresh.service"] and self.writes:
            self.run.mkdir(exist_ok=True)
            (self.run / "nvidia.yaml").write_text(SPEC.format(self.driver))
        return 0, "", ""


@pytest.fixture
def toolkit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Toolkit:
    toolkit = Toolkit(tmp_path)
    monkeypatch.setattr(
        AnsibleModule, "run_command", lambda _, argv, **options: toolkit.command(argv, **options)
    )
    monkeypatch.setattr(
        AnsibleModule, "get_bin_path", lambda *_: "/usr/bin/nvidia-ctk" if toolkit.installed else None
    )
    monkeypatch.setattr(cdi_spec, "FOLDERS", (str(toolkit.etc), str(toolkit.run)))
    monkeypatch.setattr(cdi_spec, "MANUAL", str(toolkit.etc / "nvidia.yaml"))
    monkeypatch.setattr(cdi_spec, "refreshed_path", lambda _: str(toolkit.run / "nvidia.yaml"))
    monkeypatch.setattr(files.back_up, "__defaults__", (str(tmp_path / "backup"),))
    return toolkit


@pytest.fixture
def run(run_module: Run) -> Run:
    def run(*, check: bool = False, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - as in a playbook
        return run_module(cdi_spec, options, check=check)

    return run


def test_the_service_of_the_toolkit_writes_the_specification(run: Run, toolkit: Toolkit) -> None:
    assert run(check=True)["changed"]
    assert toolkit.calls == []
    result = run()
    assert (result["changed"], result["devices"]) == (True, ["0", "all"])
    assert not run()["changed"]


def test_an_older_toolkit_gets_the_file_written(run: Run, toolkit: Toolkit) -> None:
    toolkit.refreshes = False
    assert run()["changed"]
    assert (toolkit.etc / "nvidia.yaml").read_text() == SPEC.format("580.95.05")
    assert toolkit.calls == []
    assert not run()["changed"]


def test_another_driver_makes_another_specification(run: Run, toolkit: Toolkit) -> None:
    run()
    toolkit.driver = "595.71.05"
    result = run()
    assert result["changed"]
    assert "595.71.05" in (toolkit.run / "nvidia.yaml").read_text()


def test_second_copies_go_and_other_devices_stay(run: Run, toolkit: Toolkit, tmp_path: Path) -> None:
    run()
    (toolkit.etc / "nvidia.yaml").write_text(SPEC.format("550"))
    (toolkit.run / "copy.yaml").write_text(SPEC.format("580.95.05"))
    (toolkit.etc / "other.yaml").write_text("kind: vendor.com/net\n")
    assert run(check=True)["removed"] == [str(toolkit.etc / "nvidia.yaml"), str(toolkit.run / "copy.yaml")]
    assert run()["changed"]
    assert [path.name for path in sorted(toolkit.etc.iterdir())] == ["other.yaml"]
    assert [path.name for path in toolkit.run.iterdir()] == ["nvidia.yaml"]
    assert len(list((tmp_path / "backup").iterdir())) == 2
    assert not run()["changed"]


def test_units_that_were_switched_off_come_back(run: Run, toolkit: Toolkit) -> None:
    run()
    toolkit.calls.clear()
    toolkit.enabled, toolkit.active = "masked", "inactive"
    assert run()["changed"]
    units = "nvidia-cdi-refresh.service nvidia-cdi-refresh.path"
    assert toolkit.calls[:2] == [f"unmask {units}", f"enable {units}"]
    assert "restart nvidia-cdi-refresh.path" in toolkit.calls


def test_a_service_that_writes_nothing_is_an_error(run: Run, toolkit: Toolkit) -> None:
    toolkit.writes = False
    assert "is not what nvidia-ctk says" in run()["msg"]


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        ("failed to initialize NVML: Driver Not Loaded", "apply role nvidia_driver"),
        (
            'invalid CDI Spec: failed add device "all": invalid device, empty device edits',
            "MIG instances first",
        ),
    ],
)
def test_what_nvidia_ctk_cannot_describe_is_an_error_with_a_hint(
    run: Run, toolkit: Toolkit, error: str, hint: str
) -> None:
    toolkit.error = error
    result = run()
    assert result["msg"] == f"nvidia-ctk cannot describe the GPUs: {error}"
    assert hint in result["hint"]
    assert run(check=True)["changed"]


@pytest.mark.parametrize(("version", "folder"), [("1.20.1", "/var/run/cdi"), ("1.17.8", "etc")])
def test_check_mode_predicts_what_comes_with_the_package(
    run: Run, toolkit: Toolkit, version: str, folder: str
) -> None:
    toolkit.installed = False
    result = run(check=True, toolkit_version=version)
    assert result["changed"]
    assert folder in result["diff"][0]["after_header"]
    assert "not installed" in run()["msg"]


def test_what_the_units_did_since_the_run_began_is_a_change_too(run: Run, toolkit: Toolkit) -> None:
    run()
    assert not run(former={str(toolkit.run / "nvidia.yaml"): digest(SPEC.format("580.95.05"))})["changed"]
    assert run(former={str(toolkit.run / "nvidia.yaml"): digest(SPEC.format("570"))})["changed"]
    assert run(former={})["changed"]


def test_check_mode_leaves_a_specification_that_will_be_true_again(run: Run, toolkit: Toolkit) -> None:
    run()
    toolkit.error = "Driver Not Loaded"
    assert not run(check=True)["changed"]
    (toolkit.run / "nvidia.yaml").unlink()
    assert run(check=True)["changed"]


def test_another_driver_to_come_means_another_specification(run: Run, toolkit: Toolkit) -> None:
    (toolkit.run).mkdir()
    (toolkit.run / "nvidia.yaml").write_text(SPEC.format("libcuda.so.580.95.05"))
    toolkit.driver = "libcuda.so.580.95.05"
    assert not run(check=True, driver_version="580.95.05")["changed"]
    assert run(check=True, driver_version="595.71.05")["changed"]
