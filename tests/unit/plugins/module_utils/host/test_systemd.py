"""Units as systemd tells of them."""

import pytest

from provision.plugins.module_utils.host.systemd import Unit, parse_show, show

OUTPUT = (
    "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nInvocationID=abc\n"
    "Type=notify\nRemainAfterExit=no\n\n"
    "LoadState=not-found\nActiveState=inactive\nUnitFileState=\nInvocationID=\n"
)


def unit(**words: str) -> Unit:
    return parse_show("".join(f"{name}={word}\n" for name, word in words.items()), ["x.service"])[0]


def test_units_are_told_in_the_order_asked_and_in_one_call() -> None:
    calls: list[list[str]] = []

    def run(argv: list[str]) -> tuple[int, str]:
        calls.append(argv)
        return 0, OUTPUT

    found = show(run, ["a.service", "b.service"])
    assert found == [
        Unit("a.service", "loaded", "active", "enabled", "abc", passing=False),
        Unit("b.service", "not-found", "inactive", "", "", passing=False),
    ]
    assert [each.exists for each in found] == [True, False]
    assert len(calls) == 1


def test_a_silent_systemctl_knows_no_unit() -> None:
    [found] = parse_show("", ["a.service"])
    assert (found.exists, found.runs, found.starts_at_boot, found.active) == (False, False, False, "unknown")


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("enabled", True),
        ("static", True),
        ("alias", True),
        ("indirect", True),
        ("generated", True),
        ("enabled-runtime", False),
        ("linked", False),
        ("linked-runtime", False),
        ("disabled", False),
        ("masked", False),
        ("masked-runtime", False),
        ("transient", False),
        ("bad", False),
        ("", False),
    ],
)
def test_what_starts_at_boot(word: str, expected: bool) -> None:
    assert unit(UnitFileState=word).starts_at_boot is expected


@pytest.mark.parametrize(
    ("word", "is_up", "runs"),
    [
        ("active", True, True),
        ("reloading", True, True),
        ("refreshing", True, True),
        ("activating", False, True),
        ("deactivating", False, False),
        ("inactive", False, False),
        ("failed", False, False),
    ],
)
def test_what_runs(word: str, is_up: bool, runs: bool) -> None:
    found = unit(ActiveState=word)
    assert (found.is_up, found.runs) == (is_up, runs)


@pytest.mark.parametrize(
    ("word", "expected"), [("masked", True), ("masked-runtime", True), ("disabled", False)]
)
def test_a_masked_unit_is_there_and_kept_from_starting(word: str, expected: bool) -> None:
    found = unit(LoadState="masked", UnitFileState=word)
    assert (found.exists, found.is_masked) == (True, expected)


@pytest.mark.parametrize(
    ("kind", "kept", "passing"), [("oneshot", "no", True), ("oneshot", "yes", False), ("simple", "no", False)]
)
def test_what_ends_by_itself(kind: str, kept: str, passing: bool) -> None:
    assert unit(Type=kind, RemainAfterExit=kept).passing is passing
