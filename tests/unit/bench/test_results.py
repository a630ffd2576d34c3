"""Medians, ratios and the JSON document of the benchmark."""

import io

import pytest
from rich.console import Console

from tests.bench import results, table
from tests.bench.measure import Sample


def sample(wall: float, cpu: float = 0.0, mebibytes: int = 0) -> Sample:
    return Sample(wall, cpu, mebibytes << 20, 0, "", "")


STARTUP = [sample(0.1, 0.09), sample(0.2, 0.1), sample(0.09, 0.09)]
NOOP = {
    8: {
        "provision": [sample(1.0, 0.4, 40), sample(9.0, 0.5, 50), sample(0.9, 0.3, 30)],
        "ansible": [sample(41.0, 30.0, 200)],
        "mitogen": [sample(20.0, 10.0, 300)],
        "pyinfra": [sample(1.9, 1.0, 60)],
        "ssh": [sample(0.5, 0.1, 2)],
    }
}
FIRST = {8: {"provision": [sample(100.0)], "ansible": [sample(300.0)]}}


def test_the_document_holds_the_median_wall_seconds_of_a_converged_fleet_by_hosts_and_contestant() -> None:
    document = results.document({"cores": 2}, STARTUP, NOOP, FIRST, {8: {"provision": [sample(7.0)]}})

    assert document["noop"] == {
        "8": {"provision": 1.0, "ansible": 41.0, "mitogen": 20.0, "pyinfra": 1.9, "ssh": 0.5}
    }
    assert document["cpu"]["8"]["provision"] == 0.4
    assert document["memory"]["8"]["provision"] == 40.0
    assert document["startup"] == {"wall": 0.1, "cpu": 0.09}
    assert document["first_time"] == {"8": {"provision": 100.0, "ansible": 300.0}}
    assert document["verify"] == {"8": 7.0}
    assert document["runs"]["8"]["provision"] == [1.0, 9.0, 0.9]


def test_each_target_says_what_was_reached() -> None:
    found = {target.words: (target.reached, target.met) for target in results.targets(STARTUP, NOOP, FIRST)}

    assert found["8 hosts: at most 1/2 of pyinfra"] == ("1/1.9", False)
    assert found["8 hosts: at most 1/40 of ansible"] == ("1/41.0", True)
    assert found["start-up under 150 ms"] == ("100 ms", True)
    assert found["8 bare hosts: at most 1/2 of ansible"] == ("1/3.0", True)


@pytest.mark.parametrize(("cpu", "met"), [(0.4, True), (0.42, False)])
def test_cpu_of_a_host_is_what_each_further_host_adds(cpu: float, met: bool) -> None:
    noop = {count: {"provision": [sample(1.0, seconds)]} for count, seconds in ((1, 0.12), (8, cpu))}

    (target,) = (each for each in results.targets(STARTUP, noop, {}) if "CPU" in each.words)

    assert (target.reached, target.met) == (("40 ms" if met else "43 ms"), met)


def test_the_table_shows_every_contestant_and_its_ratio() -> None:
    out = io.StringIO()

    table.show(STARTUP, NOOP, {}, {}, Console(file=out, width=100))

    lines = [line for line in out.getvalue().splitlines() if "ansible" in line]
    assert [cell.strip() for cell in lines[0].split("│")[1:-1]] == [
        *("ansible", "41.00 s", "41.00 s", "41.00 s", "41.0", "30.00 s", "200 MiB")
    ]
