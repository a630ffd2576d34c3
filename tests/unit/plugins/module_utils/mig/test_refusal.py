"""What stands in the way of a change of MIG geometry."""

from dataclasses import replace

import pytest

from provision.plugins.module_utils.mig.gpu import GpuInstance
from provision.plugins.module_utils.mig.profiles import Placement
from provision.plugins.module_utils.mig.refusal import MigRefusedError, lost, refuse_loss

from .gpus import GPUS

WHOLE = GPUS["a100-sxm4-40gb"]
CUT = replace(
    WHOLE, enabled=True, pending=True, instances=(GpuInstance(1, "3g.20gb", Placement(4, 4), (3,)),)
)


def test_mig_devices_that_nobody_brings_back_are_not_taken_along() -> None:
    refuse_loss(lost([WHOLE], ()), "a reboot would")
    refuse_loss(lost([CUT], {WHOLE.pci}), "a reboot would")
    with pytest.raises(MigRefusedError) as refusal:
        refuse_loss(lost([CUT], ()), "driver 580 would replace the loaded one, and")
    assert str(refusal.value) == (
        "driver 580 would replace the loaded one, and destroy the MIG devices of "
        f"GPU {WHOLE.pci} (3g.20gb), which no layout names"
    )
    assert "nvidia_mig_allow_destroy" in refusal.value.hint
