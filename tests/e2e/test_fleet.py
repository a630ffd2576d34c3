"""From bare servers to a container that sees its GPUs, and back again to nothing to do."""

import json
import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from .conftest import Story
from .lab import GPU_SERVERS, INVENTORY, ROOT, SERVERS, provision, provisioned, remote, run

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("fleet")]

ROLES = {"nvidia_driver", "nvidia_mig", "docker_engine", "nvidia_container_toolkit"}
# What a container sees: on a100-01 one GPU is whole, the other one is four MIG instances.
GPUS = {"hgx01": 8, "a100-01": 2, "v100-01": 1}
SEEN = GPUS | {"a100-01": 5}  # four MIG instances and a whole GPU


def test_up_changes_every_gpu_server_and_skips_the_other_with_a_reason(story: Story) -> None:
    hosts = story.up.json["hosts"]
    assert {name: host["outcome"] for name, host in hosts.items()} == {
        "hgx01": "changed",
        "a100-01": "changed",
        "v100-01": "changed",
        "cpu01": "skipped",
    }, provisioned(story.up)
    assert "no NVIDIA GPU" in hosts["cpu01"]["reason"]
    for name in GPU_SERVERS:
        assert set(hosts[name]["roles"]) == ROLES


@pytest.mark.parametrize("server", GPU_SERVERS)
def test_a_container_sees_every_gpu(story: Story, server: str) -> None:
    report = story.verified.json["hosts"][server]
    failed = [check for check in report["checks"] if check["outcome"] == "failed"]
    assert not failed
    checks = {check["id"]: check for check in report["checks"]}
    assert checks["container_sees_gpus"]["outcome"] == "passed"
    assert f"{SEEN[server]} of {SEEN[server]}" in checks["container_sees_gpus"]["detail"]
    assert (checks["fabric_manager"]["outcome"] == "passed") == (server == "hgx01")


@pytest.mark.parametrize("server", GPU_SERVERS)
def test_gpus_can_be_asked_for_on_the_command_line(server: str) -> None:
    """dockerd offers --gpus only when the toolkit was there as it started."""
    listed = remote(server, "docker run --rm --gpus all 198.18.77.1:8077/cuda:base nvidia-smi -L")
    assert sum(line.startswith("GPU ") for line in listed.splitlines()) == GPUS[server]


def test_verify_writes_junit(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    done = provision("verify", "--limit", "a100-01", "--junit", report)
    assert done.code == 0, done
    names = {case.get("name", "") for case in ET.parse(report).iter("testcase")}
    assert any("container_sees_gpus" in name for name in names)


def test_a_second_plan_finds_nothing(story: Story) -> None:
    assert story.planned_again.code == 0, story.planned_again
    assert story.planned_again.json["summary"]["to_change"] == 0


def test_a_second_up_runs_no_playbook(story: Story) -> None:
    again = story.up_again
    assert again.code == 0, again
    outcomes = {name: host["outcome"] for name, host in again.json["hosts"].items()}
    assert outcomes == dict.fromkeys(GPU_SERVERS, "converged") | {"cpu01": "skipped"}
    assert not (ROOT / "inventory/.provision/runs" / again.json["run"] / "ansible.log").exists()


def test_status_shows_the_fleet_on_one_screen() -> None:
    hosts = provision("status", "--json").json["hosts"]
    assert hosts["hgx01"]["reachable"]
    assert len(hosts["hgx01"]["gpus"]) == GPUS["hgx01"]
    assert hosts["hgx01"]["driver"]["loaded"] == hosts["hgx01"]["driver"]["installed"]
    assert set(hosts["hgx01"]["roles"].values()) == {"converged"}
    assert hosts["cpu01"]["gpus"] == []


def test_the_playbook_by_hand_changes_nothing() -> None:
    ansible = Path(sys.executable).with_name("ansible-playbook")
    done = run(ansible, "-i", INVENTORY, "playbooks/site.yml")
    assert done.code == 0, done
    recap = [line for line in done.stdout.splitlines() if "unreachable=" in line]
    assert len(recap) == len(SERVERS)
    assert all("changed=0" in line and "failed=0" in line for line in recap), done


def test_the_wheel_works_from_anywhere(tmp_path: Path) -> None:
    """Built, installed into a clean environment, run in another directory: command and collection."""
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".venv", ".git", ".provision", ".*_cache"))
    built = run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, source)
    assert built.code == 0, built
    python = tmp_path / "venv/bin/python"
    assert run(sys.executable, "-m", "venv", tmp_path / "venv").code == 0
    installed = run(python, "-m", "pip", "install", "--quiet", next(tmp_path.glob("*.whl")))
    assert installed.code == 0, installed

    plan = run(python.with_name("provision"), "plan", "-i", INVENTORY, "--exit-code", cwd=tmp_path)
    assert plan.code == 0, plan
    (tmp_path / "ansible.cfg").write_text("")
    playbook = run(
        python.with_name("ansible-playbook"), "-i", INVENTORY, "provision.gpu.site", "--limit", "a100-01",
        cwd=tmp_path, env={"ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")},
    )  # fmt: skip
    assert playbook.code == 0, playbook
    assert "changed=0" in playbook.stdout, playbook
    docs = run(python.with_name("ansible-doc"), "-t", "role", "provision.gpu.nvidia_driver", cwd=tmp_path)
    assert "nvidia_driver_version" in docs.stdout, docs


def test_receipts_are_for_root_alone() -> None:
    for server in GPU_SERVERS:
        told = remote(server, "stat -c %U:%a /var/lib/provision/receipts/*.json")
        assert told.split() == ["root:600"] * len(ROLES)


def test_what_was_found_before_is_still_there(story: Story) -> None:
    """hgx01's daemon.json: every foreign key, its value to the digit, and its place."""
    before = json.loads(story.daemon_json, parse_int=str, parse_float=str)
    after = json.loads(remote("hgx01", "cat /etc/docker/daemon.json"), parse_int=str, parse_float=str)
    assert after["default-runtime"] == "nvidia"
    for key, value in before.items():
        assert after[key] == value if not isinstance(value, dict) else value.items() <= after[key].items(), (
            key
        )
    assert [key for key in after if key in before] == list(before)


def test_leftovers_of_nvidia_docker2_are_gone_but_its_configuration_is_not() -> None:
    lists = remote("a100-01", "ls /etc/apt/sources.list.d")
    assert not {"nvidia-docker.list", "libnvidia-container.list", "nvidia-container-runtime.list"} & set(
        lists.split()
    )
    state = remote("a100-01", "dpkg-query -W -f \\${db:Status-Status} nvidia-docker2", check=False)
    assert state in {"", "config-files", "not-installed"}
    assert json.loads(remote("a100-01", "cat /etc/docker/daemon.json"))["default-runtime"] == "nvidia"


def test_the_driver_stays_at_its_version() -> None:
    """Held for apt, and unattended-upgrades is told to leave it alone."""
    held = remote("a100-01", "apt-mark showhold").split()
    assert any(name.startswith("nvidia-kernel") for name in held)
    assert "nvidia-container-toolkit" in held
    blacklist = remote("a100-01", "apt-config dump Unattended-Upgrade::Package-Blacklist")
    assert "nvidia" in blacklist


def test_nouveau_gave_way_to_the_flavour_that_the_card_needs() -> None:
    assert "nouveau" not in remote("v100-01", "ls /sys/module").split()
    assert remote("v100-01", "modinfo -F license nvidia").strip() == "NVIDIA"
    assert "MIT" in remote("hgx01", "modinfo -F license nvidia")


def test_apt_runs_its_timers_again() -> None:
    assert remote("a100-01", "systemctl is-enabled apt-daily.timer apt-daily-upgrade.timer").split() == [
        "enabled",
        "enabled",
    ]
