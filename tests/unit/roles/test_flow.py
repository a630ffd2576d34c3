"""What the plays run, in which order, and what one role knows of another."""

import pytest

from provision import content

from .conftest import FACTS, GPU, Play, Run

LAYOUT = "all-balanced"
ALONE = """\
- hosts: all
  gather_facts: true
  tasks:
    - include_role: {name: nvidia_container_toolkit}
    - include_role: {name: nvidia_driver}
"""


def receipts(done: Run) -> list[tuple[str, str]]:
    return [(call.options["role"], call.options["state"]) for call in done.of("role_receipt")]


@pytest.mark.slow
def test_every_role_withdraws_its_receipt_first_and_writes_it_last(play: Play) -> None:
    done = play("site", nvidia_mig_layout=LAYOUT, docker_engine_version="28.5.2")
    assert done.code == 0, done.said
    assert receipts(done) == [(role, state) for role in content.ROLES for state in ("withdrawn", "written")]
    written = True
    for call in done.calls:
        if call.module == "role_receipt":
            written = call.options["state"] == "written"
        elif written:
            looks = ("setup", "gpu_info", "docker_daemon_info", "nvidia_driver_selection")
            assert call.check or call.module in (*looks, "package_versions_info"), call

    # What a role found out reaches those that follow.
    (selection,) = done.of("nvidia_driver_selection")
    assert selection.options["partitioned"] == [GPU]
    assert [call.options["engine_version"] for call in done.of("docker_daemon_config")] == [
        "5:28.5.2-1",
        "",  # saved before legacy packages go
        "5:28.5.2-1",
    ]
    (cdi,) = done.of("cdi_spec")
    assert cdi.options == {
        "toolkit_version": "1.20.1",
        "former": {"/etc/cdi/nvidia.yaml": "digest"},
        "driver_version": "580.95.05",
        "mig_created": 3,
        "mig_destroyed": 1,
    }
    # Only what changes counts as a change: the two looks ahead say what would.
    assert [call.check for call in done.of("nvidia_mig_layout")] == [True, True, False]
    assert "changed=1 " in done.said


@pytest.mark.slow
def test_check_mode_counts_with_what_the_driver_would_do_to_the_partitions(play: Play) -> None:
    done = play("site", "--check", "--tags", "nvidia_driver,nvidia_mig", nvidia_mig_layout=LAYOUT)
    assert done.code == 0, done.said
    exchanged = [call.options["module_exchanged"] for call in done.of("nvidia_mig_layout")]
    assert exchanged == [False, True, True]


@pytest.mark.slow
def test_a_role_works_without_the_others(play: Play) -> None:
    done = play(ALONE)
    assert done.code == 0, done.said
    (cdi,) = done.of("cdi_spec")
    assert cdi.options == {
        "toolkit_version": "1.20.1",
        "former": None,
        "driver_version": "",
        "mig_created": 0,
        "mig_destroyed": 0,
    }
    (selection,) = done.of("nvidia_driver_selection")
    assert selection.options["partitioned"] == []


def test_a_distribution_without_data_is_refused(play: Play) -> None:
    selection = {"h1": ["docker_engine"]}
    fedora = {**FACTS, "ansible_distribution": "Fedora", "ansible_distribution_version": "43"}
    fedora.update(ansible_os_family="RedHat", ansible_distribution_major_version="43")
    done = play("site", answers={"setup": {"ansible_facts": fedora}}, provision_selection=selection)
    (refusal,) = done.of("refusal")
    assert refusal.options["msg"] == "Fedora 43 is not supported"
    assert refusal.options["hint"].startswith("supported are Debian 12, Debian 13, Ubuntu 22.04,")
    assert {call.module for call in done.calls} == {"setup", "gpu_info", "refusal"}
    assert done.code != 0
