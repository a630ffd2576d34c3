"""The program that is sent to hosts, as the control machine packs it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provision.probe import program


def test_the_program_is_packed_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that parse at once are an error of CPython 3.11."""
    program._pack.cache_clear()
    at_work = 0
    most = 0
    real = program._closure

    def closure(folder: Path, entry: str) -> set[str]:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        found = real(folder, entry)
        at_work -= 1
        return found

    monkeypatch.setattr(program, "_closure", closure)
    with ThreadPoolExecutor(16) as pool:
        texts = set(pool.map(lambda _: program.payload(), range(64)))
    assert (len(texts), most) == (1, 1)
