"""What every module does: run programs, have systemd obey, and end."""

from collections.abc import Sequence
from typing import NoReturn

import pytest

from provision.plugins.module_utils.host.module import enable, refuse_json, runner, systemctl
from provision.plugins.module_utils.host.systemd import Unit


class EndedError(Exception):
    """The module ended; `result` is what it said."""

    def __init__(self, **result: object) -> None:
        super().__init__(result)
        self.result = result


class FakeModule:
    """A module whose programs all end in the same way."""

    check_mode = False

    def __init__(self, code: int = 0) -> None:
        self.params: dict[str, object] = {}
        self.code = code
        self.calls: list[str] = []

    def run_command(self, args: Sequence[str], **_: object) -> tuple[int, str, str]:
        self.calls.append(" ".join(args))
        return self.code, "out ", "err\n"

    def get_bin_path(self, name: str) -> str | None:
        return f"/usr/bin/{name}"

    def warn(self, warning: str) -> None:
        raise AssertionError(warning)

    def exit_json(self, **result: object) -> NoReturn:
        raise EndedError(**result)

    def fail_json(self, msg: str, **result: object) -> NoReturn:
        raise EndedError(msg=msg, **result)


def unit(name: str, enabled: str) -> Unit:
    return Unit(name, "loaded", "active", enabled, "x", passing=False)


def test_errors_follow_the_output() -> None:
    assert runner(FakeModule(3))(["program"]) == (3, "out err\n")


def test_masked_units_are_unmasked_before_all_are_enabled() -> None:
    module = FakeModule()
    enable(module, [unit("a.service", "disabled"), unit("b.service", "masked-runtime")])
    assert module.calls == ["systemctl unmask b.service", "systemctl enable a.service b.service"]


def test_nothing_is_enabled_where_there_is_nothing() -> None:
    module = FakeModule()
    enable(module, [])
    assert module.calls == []


def test_what_systemd_does_not_do_ends_the_module_with_what_it_said() -> None:
    with pytest.raises(EndedError) as caught:
        systemctl(FakeModule(1), "start", "a.service", "b.service")
    assert caught.value.result == {
        "msg": "`systemctl start a.service b.service` failed: out err",
        "hint": "see `journalctl -u a.service -u b.service` on the host",
    }


def test_a_refusal_says_so_as_a_value() -> None:
    with pytest.raises(EndedError) as caught:
        refuse_json(FakeModule(), "no", "do this", workloads=[])
    assert caught.value.result == {"msg": "no", "hint": "do this", "refused": True, "workloads": []}
