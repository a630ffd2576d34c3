"""How decisions read what the inventory asks of a host."""

import pytest

from provision.model.desired import HIDDEN, Desired


def test_text_and_truth() -> None:
    asked = Desired({"version": 580, "source": HIDDEN, "flavour": None, "consent": "yes", "cdi": False})
    assert [asked.text(name) for name in ("version", "source", "flavour")] == ["580", None, None]
    assert asked.flag("consent", hidden=False)
    assert not asked.flag("cdi", hidden=True)
    assert [asked.flag("source", hidden=hidden) for hidden in (True, False)] == [True, False]


@pytest.mark.parametrize(
    ("layout", "partitioned"),
    [("all-balanced", True), ([{"devices": "all"}], True), ("", False), (None, False), (HIDDEN, True)],
)
def test_a_layout_that_may_be_there_counts(layout: object, partitioned: bool) -> None:
    assert Desired({"nvidia_mig_layout": layout}).partitioned is partitioned


def test_a_name_that_no_role_has_is_our_mistake() -> None:
    with pytest.raises(KeyError, match="nvidia_driver_versoin"):
        Desired({"nvidia_driver_version": "580"}).get("nvidia_driver_versoin")
