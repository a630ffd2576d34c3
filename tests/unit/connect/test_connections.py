"""What is open is closed at the end, whoever still uses it."""

import pytest

from provision.connect.connections import Connections
from provision.errors import ConnectError


class Open:
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_an_interrupt_closes_what_is_open_and_refuses_what_comes_later() -> None:
    first, second, late = Open(), Open(), Open()

    def interrupted() -> None:
        with Connections() as connections:
            connections.add(first)
            connections.add(second)
            connections.close(first)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (first.closed, second.closed, late.closed) == (1, 1, 0)


def test_after_the_end_nothing_is_opened() -> None:
    with Connections() as connections:
        pass
    with pytest.raises(ConnectError, match="interrupted"):
        connections.add(Open())
