"""What stands in the way of a change of MIG geometry."""

import pytest

from provision.plugins.module_utils.mig.placement import Instance, Placement
from provision.plugins.module_utils.mig.plan import Gpu
from provision.plugins.module_utils.mig.refusal import MigRefusedError, lost, refuse_loss
from tests.unit.plugins.module_utils.mig.boards import BOARDS

BOARD = BOARDS["a100-sxm4-40gb"]
WHOLE = Gpu(BOARD, "", enabled=False, pending=False, resets=True, instances=())
CUT = Gpu(
    BOARD,
    "",
    enabled=True,
    pending=True,
    resets=True,
    instances=(Instance(1, "3g.20gb", Placement(4, 4), (3,)),),
)


def test_mig_devices_that_nobody_brings_back_are_not_taken_along() -> None:
    refuse_loss(lost([WHOLE], ()), "a reboot would")
    refuse_loss(lost([CUT], {BOARD.pci}), "a reboot would")
    with pytest.raises(MigRefusedError) as refusal:
        refuse_loss(lost([CUT], ()), "driver 580 would replace the loaded one, and")
    assert str(refusal.value) == (
        "driver 580 would replace the loaded one, and destroy the MIG devices of "
        f"GPU {BOARD.pci} (3g.20gb), which no layout names"
    )
    assert "nvidia_mig_allow_destroy" in refusal.value.hint
