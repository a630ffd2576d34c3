"""The module that must not be loaded."""

from pathlib import Path

from provision.plugins.module_utils.host.machine import Machine
from provision.plugins.module_utils.receipts.kinds import nouveau_absent


def test_nouveau_is_seen(machine: Machine) -> None:
    assert nouveau_absent.measure(machine, True)
    (Path(machine.root) / "sys/module/nouveau").mkdir(parents=True)
    assert not nouveau_absent.measure(machine, True)


def test_nouveau_that_is_back_is_told() -> None:
    assert list(nouveau_absent.compare(True, False)) == [("nouveau", "nouveau is loaded")]
    assert list(nouveau_absent.compare(False, True)) == []
