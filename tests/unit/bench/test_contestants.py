"""A run that was no run, or that changed something, is not measured."""

from tests.bench.contestants import nothing_done, through, unchanged

RECAP = """
PLAY RECAP *********************************************************************
bench01                    : ok=62   changed=0    unreachable=0    failed=0    skipped=6    rescued=0    ignored=0
bench02                    : ok=62   changed={changed}    unreachable=0    failed={failed}    skipped=6    rescued=0
"""


def test_ansible_is_held_to_no_change_on_every_host() -> None:
    names = ["bench01", "bench02"]

    assert unchanged(RECAP.format(changed=0, failed=0), names) is None
    assert unchanged(RECAP.format(changed=1, failed=0), names) == (
        "bench02: changed, unreachable, failed is (1, 0, 0), not (0, 0, 0)"
    )
    assert unchanged(RECAP.format(changed=0, failed=0), [*names, "bench03"]) == (
        "bench03: changed, unreachable, failed is None, not (0, 0, 0)"
    )


def test_ansible_on_bare_hosts_is_held_to_come_through() -> None:
    names = ["bench01", "bench02"]

    assert through(RECAP.format(changed=30, failed=0), names) is None
    assert through(RECAP.format(changed=30, failed=1), names) == (
        "bench02: unreachable, failed is (0, 1), not (0, 0)"
    )


def test_pyinfra_is_held_to_no_change() -> None:
    assert nothing_done("    Grand total     240       -         -       240 ") is None
    assert nothing_done("    Grand total     240       1         -       239 ") == (
        "changed: 1, errors: -, no change: 239"
    )
    assert nothing_done("    Grand total     240       -         2       238 ") == (
        "changed: -, errors: 2, no change: 238"
    )
    assert nothing_done("") == "no table of results"
