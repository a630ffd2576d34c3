"""Everything that a role answers for, measured and compared kind by kind."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts import kinds
from provision.plugins.module_utils.receipts.reasons import Kind, Reason
from provision.plugins.module_utils.receipts.resources import KINDS, ResourcesError, compare, measure
from provision.plugins.modules import role_receipt

STATE: dict[str, Any] = {
    "gpus": {"0000:18:00.0": "10de:2330"},
    "mig": {"0000:18:00.0": "off"},
    "kernel_modules": {"release": "6.8", "modules": {"nvidia": {"loaded": "580", "installed": "580"}}},
    "nouveau_absent": True,
    "packages": {"libcuda1": {"version": "580", "held": True}},
    "programs": {"/lib/libcuda.so.1": {"target": "libcuda.so.580"}},
    "files": {"/etc/a": {"type": "link", "target": "/b"}},
    "absent": {"/etc/old": False},
    "json_keys": {"/etc/d.json": {"keys": {"a": "11"}}},
    "groups": {"docker": {"alice": True}},
    "units": {"a.service": {"active": "active", "enabled": "enabled", "load": "loaded"}},
    "cdi": {"files": {"/etc/cdi/n.yaml": "cc"}, "devices": ["0"], "drivers": ["580"]},
}
OTHER: dict[str, Any] = {
    "gpus": {},
    "mig": {"0000:18:00.0": "3g.20gb"},
    "kernel_modules": {"release": "6.8", "modules": {"nvidia": {"loaded": None, "installed": "580"}}},
    "nouveau_absent": False,
    "packages": {"libcuda1": {"version": "580", "held": False}},
    "programs": {"/lib/libcuda.so.1": None},
    "files": {"/etc/a": None},
    "absent": {"/etc/old": True},
    "json_keys": {"/etc/d.json": {"keys": {"a": "22"}}},
    "groups": {"docker": {"alice": False}},
    "units": {"a.service": {"active": "failed", "enabled": "enabled", "load": "loaded"}},
    "cdi": {"files": {}, "devices": [], "drivers": []},
}
SUBJECTS = {
    Kind.GPUS: "0000:18:00.0",
    Kind.MIG: "0000:18:00.0",
    Kind.KERNEL_MODULES: "nvidia",
    Kind.NOUVEAU_ABSENT: "nouveau",
    Kind.PACKAGES: "libcuda1",
    Kind.PROGRAMS: "/lib/libcuda.so.1",
    Kind.FILES: "/etc/a",
    Kind.ABSENT: "/etc/old",
    Kind.JSON_KEYS: "/etc/d.json",
    Kind.GROUPS: "alice",
    Kind.UNITS: "a.service",
    Kind.CDI: "/etc/cdi/n.yaml",
}
RECEIPT = {"state": STATE, "resources": {"programs": {"libcuda1": ["/lib/libcuda.so.1"]}}}


def test_nothing_is_told_when_nothing_differs() -> None:
    assert compare(RECEIPT, copy.deepcopy(STATE)) == []


def test_every_difference_has_its_kind_and_its_subject_in_order() -> None:
    found = compare(RECEIPT, OTHER)
    assert [(each.kind, each.subject) for each in found] == list(SUBJECTS.items())
    assert list(SUBJECTS) == list(KINDS)
    assert all(each.text for each in found)


def test_programs_of_other_versions_go_without_saying() -> None:
    now = {**STATE, "packages": {"libcuda1": {"version": "595", "held": True}}, "programs": OTHER["programs"]}
    assert compare(RECEIPT, now) == [Reason(Kind.PACKAGES, "libcuda1", "libcuda1 580 -> 595")]


@pytest.mark.parametrize("kind", sorted(STATE))
def test_a_kind_that_is_missing_is_a_difference(kind: str) -> None:
    fewer = {key: value for key, value in STATE.items() if key != kind}
    told = [Reason(Kind.UNMEASURED, kind, f"{kind.replace('_', ' ')} not measured")]
    assert compare(RECEIPT, fewer) == told
    assert compare({"state": fewer, "resources": {}}, STATE) == told


def test_a_kind_of_another_release_is_a_difference() -> None:
    receipt = {"state": {"sockets": 1}, "resources": {}}
    assert compare(receipt, {"sockets": 2}) == [Reason(Kind.UNMEASURED, "sockets", "sockets not measured")]


def test_empty_and_false_resources_are_not_measured(machine: Machine) -> None:
    assert measure({"files": [], "gpus": False, "packages": [], "units": []}, machine, {}) == {}


def test_units_that_are_known_are_not_asked_again(machine: Machine) -> None:
    known = {"a.service": STATE["units"]["a.service"], "b.service": {}}
    assert measure({"units": ["a.service"]}, machine, known) == {"units": STATE["units"]}


@pytest.mark.parametrize(
    "resources",
    [{"flies": []}, {"json_keys": {"path": "/a"}}, {"groups": ["docker"]}, {"packages": 3}],
    ids=["unknown kind", "no keys", "no mapping", "number"],
)
def test_malformed_resources_are_refused(machine: Machine, resources: dict[str, object]) -> None:
    with pytest.raises(ResourcesError):
        measure(resources, machine)


def test_every_kind_has_its_file_its_row_and_its_line_in_the_documentation() -> None:
    files = {path.stem for path in Path(str(kinds.__file__)).parent.glob("*.py")} - {"__init__"}
    described = " ".join(yaml.safe_load(role_receipt.DOCUMENTATION)["options"]["resources"]["description"])
    assert files == {kind.value for kind in KINDS}
    assert all(f"C({name})" in described for name in files)
