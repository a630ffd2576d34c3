"""Whatever happens to a server behind the product's back: `plan` names it, `up` repairs it, `plan` is empty again."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .receipts_lab import (
    HOSTS,
    changes,
    differing,
    on_each,
    plan,
    provisioned,
    reasons,
    receipts,
    root,
    up,
)

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("servers")]

_CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/drift.yml").read_text())
_BATCHES = _CASES["batches"]
_FOLDER = "/var/lib/provision/receipts"
_PRELUDE = """
export DEBIAN_FRONTEND=noninteractive
daemon_json() {
python3 - "$1" <<END
import json, pathlib, sys
path = pathlib.Path("/etc/docker/daemon.json")
seen = {"d": json.loads(path.read_text())}
exec(sys.argv[1], seen)
path.write_text(json.dumps(seen["d"], indent=8))
END
}
"""
Told = dict[str, dict[str, list[str]]]
Case = dict[str, Any]


@pytest.fixture(scope="module")
def servers() -> None:
    """Servers to which everything has been done."""
    provisioned()
    assert reasons(plan()) == {}


def test_the_table_is_long_enough() -> None:
    others = [*_CASES["other"].values(), _CASES["missing"], _CASES["receipts"]]
    assert sum(map(len, [*_BATCHES.values(), *others])) >= 50
    assert len(_CASES["nobody's business"]) >= 20


@pytest.mark.parametrize("batch", _BATCHES)
def test_plan_names_each_change_and_up_undoes_exactly_that(batch: str) -> None:
    cases, before = _BATCHES[batch], on_each(receipts)
    _do(case for case in cases if "also" not in case)
    planned = plan("--diff")
    done = up()
    assert reasons(plan()) == {}
    assert not differing(planned, done)
    assert not _unnamed(cases, reasons(planned))
    # Not only accepted: put back to what it was.
    assert _states(on_each(receipts)) == _states(before)


@pytest.mark.parametrize("case", _CASES["missing"], ids=lambda case: case["name"])
def test_plan_names_what_is_missing(case: Case) -> None:
    _do([case])
    told = reasons(plan())
    _do([{"run": case["undo"]}])
    assert not _unnamed([case], told)


@pytest.mark.parametrize("what", _CASES["other"])
def test_plan_names_what_is_another_one_and_up_takes_it(what: str) -> None:
    cases = _CASES["other"][what]
    _do(case for case in cases if "also" not in case)
    planned = plan("--diff")
    done = up()
    assert reasons(plan()) == {}
    assert not differing(planned, done)
    assert not _unnamed(cases, reasons(planned))


def test_a_receipt_that_cannot_be_trusted_counts_as_none() -> None:
    receipt = f"{_FOLDER}/nvidia_driver.json"
    trusted = []
    _do([{"run": f"cp -p {receipt} /root/kept.json"}])
    for case in _CASES["receipts"]:
        _do([{"run": f"receipt={receipt}; {case['run']}"}])
        told = reasons(plan())
        _do([{"run": f"rm -f {receipt}; cp -p /root/kept.json {receipt}"}])
        says = case.get("says", ["not applied yet"])
        trusted += _unnamed([{"name": case["name"], "role": "nvidia_driver", "says": says}], told)
    assert not trusted
    assert reasons(plan()) == {}


def test_roles_without_a_receipt_run_again_and_change_nothing() -> None:
    before = on_each(receipts)
    _do([{"run": f"rm {_FOLDER}/*.json"}])
    assert changes(up()) == {host: [] for host in HOSTS}
    assert reasons(plan()) == {}
    assert _states(on_each(receipts)) == _states(before)


def test_what_is_nobodys_business_leaves_plan_empty() -> None:
    _do(_CASES["nobody's business"])
    planned = plan("--exit-code")
    assert reasons(planned) == {}
    assert planned.code == 0


def _do(cases: Iterable[Case]) -> None:
    """Run each as root; all must work, so that a case which does nothing cannot pass."""
    told = list(cases)
    guard = "( set -e\n{}\n) >/tmp/said 2>&1 </dev/null\n[ $? = 0 ] || {{ cat /tmp/said; exit 1; }}"
    on_each(
        lambda host: root(
            host,
            "\n".join([_PRELUDE, *(guard.format(case["run"]) for case in told if host in _hosts(case)), ""]),
        )
    )


def _hosts(case: Case) -> list[str]:
    return [case["host"]] if "host" in case else list(HOSTS)


def _unnamed(cases: Iterable[Case], told: Told) -> list[str]:
    """Return the cases that no reason names, with the reasons that there are."""
    unnamed = []
    for host, case in ((host, each) for each in cases for host in _hosts(each)):
        given = told.get(host, {}).get(case["role"], [])
        if not any(all(word in reason for word in case["says"]) for reason in given):
            unnamed.append(f"{host}: {case['name']} is not in {given}")
    return unnamed


def _states(found: dict[str, Any]) -> dict[tuple[str, str, str, str], object]:
    """Return what the receipts measured, flat: a difference shows as the entries that differ."""
    return {
        (host, role, kind, name): value
        for host, by_role in found.items()
        for role, receipt in by_role.items()
        for kind, state in receipt["state"].items()
        for name, value in (state if isinstance(state, dict) else {"": state}).items()
    }
