"""Whatever happens to a server behind the product's back: `plan` names it, `up` repairs it, `plan` is empty again."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from .receipts_lab import lab, product, reasons, receipts, root, up

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("server")]

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


@pytest.fixture(scope="module")
def server() -> None:
    """A server to which everything has been done."""
    lab("up")
    up()
    assert reasons() == {}


def test_the_table_is_long_enough() -> None:
    assert sum(map(len, _BATCHES.values())) + len(_CASES["hardware"]) + len(_CASES["receipts"]) >= 50
    assert len(_CASES["nobody's business"]) >= 20


@pytest.mark.parametrize("batch", _BATCHES)
def test_plan_names_each_change_and_up_undoes_it(batch: str) -> None:
    cases, before = _BATCHES[batch], receipts()
    _do(case["run"] for case in cases if "also" not in case)
    told = reasons()
    unnamed = {case["name"]: told.get(case["role"], []) for case in cases if not _names(told, case)}
    up()
    assert reasons() == {}
    # Not only accepted: put back to what it was.
    assert _states(receipts()) == _states(before)
    assert not unnamed


@pytest.mark.parametrize("case", _CASES["hardware"], ids=lambda case: case["name"])
def test_plan_names_other_hardware(case: dict[str, Any]) -> None:
    _do([case["run"]])
    try:
        told = reasons()
    finally:
        if "undo" in case:
            _do([case["undo"]])
        else:
            up()
    assert _names(told, case), told
    assert reasons() == {}


def test_a_receipt_that_cannot_be_trusted_counts_as_none() -> None:
    receipt = f"{_FOLDER}/nvidia_driver.json"
    trusted = []
    root("sh -s", f"cp -p {receipt} /root/kept.json")
    for case in _CASES["receipts"]:
        _do([f"receipt={receipt}; {case['run']}"])
        told = reasons()
        root("sh -s", f"rm -f {receipt}; cp -p /root/kept.json {receipt}")
        if not any("not applied yet" in reason for reason in told.get("nvidia_driver", [])):
            trusted.append(case["name"])
    assert not trusted
    assert reasons() == {}


def test_roles_without_a_receipt_run_again_and_change_nothing() -> None:
    before = receipts()
    root("sh -s", f"rm {_FOLDER}/*.json")
    done = up()
    (host,) = done.json["hosts"].values()
    assert host.get("changes", []) == [], done
    assert reasons() == {}
    assert _states(receipts()) == _states(before)


def test_what_is_nobodys_business_leaves_plan_empty() -> None:
    _do([case["run"] for case in _CASES["nobody's business"]])
    assert reasons() == {}
    assert product("plan", "--exit-code").code == 0


def _do(commands: Iterable[str]) -> None:
    """Run each as root; all must work, so that a case which does nothing cannot pass."""
    cases = (
        f"( set -e\n{each}\n) >/tmp/said 2>&1 </dev/null || {{ cat /tmp/said; exit 1; }}" for each in commands
    )
    root("sh -s", "\n".join([_PRELUDE, *cases, ""]))


def _states(found: dict[str, Any]) -> dict[tuple[str, str, str], object]:
    """Return what the receipts measured, flat: a difference shows as the entries that differ."""
    flat = {}
    for role, receipt in found.items():
        for kind, state in receipt["state"].items():
            for name, value in (state if isinstance(state, dict) else {"": state}).items():
                flat[role, kind, name] = value
    return flat


def _names(told: dict[str, list[str]], case: dict[str, Any]) -> bool:
    return any(all(word in reason for word in case["says"]) for reason in told.get(case["role"], []))
