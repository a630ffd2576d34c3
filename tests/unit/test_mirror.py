"""Where a module's test is found: at its own path below tests/unit, of an Ansible module below tests/modules.

The lab is left out: it stands for a server, and its tests ask it from outside, as a server is asked.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "provision"
MODULES = sorted(
    path
    for path in PACKAGE.glob("**/*.py")
    if not path.name.startswith("__") and not path.is_relative_to(PACKAGE / "lab")
)
_UTILS = "plugins/module_utils"

NOTHING_TO_TEST = {
    "inventory/ansible_private.py",  # names of Ansible's, held to it by plugin_utils' test and test_load
    "model/fleet.py",
    "model/observed.py",
    f"{_UTILS}/gpus/services.py",
    f"{_UTILS}/host/refusal.py",
    "up/effects.py",  # one line a way to the hosts
    "up/watcher.py",
    "verify/question.py",
}
"""Values, tables and interfaces."""

ELSEWHERE = {
    "cli/errors.py": "unit/cli/test_main.py",
    "compat/rules.py": "unit/compat/test_answer.py",
    "inventory/sourced.py": "unit/inventory/test_load.py",
    f"{_UTILS}/asking/answer.py": "modules/test_host_ask.py",
    f"{_UTILS}/asking/evidence.py": "unit/verify/test_checks.py",
    f"{_UTILS}/containers/consent.py": "modules/test_docker_daemon.py",
    f"{_UTILS}/gpus/nvml.py": f"unit/{_UTILS}/mig/test_geometry.py",
    f"{_UTILS}/mig/boot.py": "modules/test_nvidia_mig_reboot.py",
    f"{_UTILS}/mig/boot_program.py": "modules/test_nvidia_mig_layout.py",
    f"{_UTILS}/mig/plan.py": f"unit/{_UTILS}/mig/test_geometry.py",
    f"{_UTILS}/mig/profiles.py": f"unit/{_UTILS}/mig/test_recordings.py",
    f"{_UTILS}/mig/survey.py": "modules/test_nvidia_mig_kill.py",
    f"{_UTILS}/packages/managers.py": "modules/test_package_set.py",
    f"{_UTILS}/packages/repository_files.py": "modules/test_package_repository.py",
    "plugins/modules/gpu_info.py": f"unit/{_UTILS}/gpus/test_hardware.py",
    "verify/checks/test_container.py": "unit/verify/test_checks.py",
    "verify/checks/test_docker.py": "unit/verify/test_checks.py",
    "verify/checks/test_driver.py": "unit/verify/test_checks.py",
    "verify/checks/test_mig.py": "unit/verify/test_checks.py",
    "verify/checks/test_reachable.py": "unit/verify/test_checks.py",
    "verify/fleet_plugin.py": "unit/verify/test_runner.py",
    "verify/report.py": "unit/verify/test_runner.py",
}
"""Modules that are tested through another one, and by which file."""

ABOUT_NO_MODULE = {
    "cli/test_main.py",  # provision/cli/__init__.py
    f"{_UTILS}/mig/test_recordings.py",
    f"{_UTILS}/test_rooms.py",
    "probe/test_hostile.py",
    "verify/test_checks.py",
    "verify/test_recorded.py",
}
"""Tests in a module's folder that are about several."""


def own_test(module: Path) -> Path:
    """Return where the test of a module belongs."""
    place = module.relative_to(PACKAGE)
    folder = (
        ROOT / "tests/modules"
        if place.parent == Path("plugins/modules")
        else ROOT / "tests/unit" / place.parent
    )
    return folder / f"test_{module.name}"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_has_its_test_at_its_own_path(module: Path) -> None:
    name = str(module.relative_to(PACKAGE))
    excused = name in NOTHING_TO_TEST or name in ELSEWHERE
    assert own_test(module).is_file() is not excused, own_test(module)


def test_what_is_excused_is_there() -> None:
    assert [name for name in {*NOTHING_TO_TEST, *ELSEWHERE} if not (PACKAGE / name).is_file()] == []
    assert [path for path in ELSEWHERE.values() if not (ROOT / "tests" / path).is_file()] == []


def test_a_test_stands_where_its_module_does() -> None:
    rooms = {room for module in MODULES for room in module.relative_to(PACKAGE).parents} - {Path()}
    tests = {test for room in rooms for test in (ROOT / "tests/unit" / room).glob("test_*.py")}
    strangers = tests - {own_test(module) for module in MODULES}
    assert {str(test.relative_to(ROOT / "tests/unit")) for test in strangers} == ABOUT_NO_MODULE
