"""The program that is sent to hosts, as the control machine packs it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from provision.connect import program
from provision.plugins.module_utils import bundle


def test_the_program_is_packed_once_however_many_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that parse at once are an error of CPython 3.11."""
    program._packed.cache_clear()
    at_work = 0
    most = 0
    real = bundle.pack

    def pack(entry: str) -> bytes:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        packed = real(entry)
        at_work -= 1
        return packed

    monkeypatch.setattr(bundle, "pack", pack)
    with ThreadPoolExecutor(16) as pool:
        texts = set(pool.map(lambda _: program.payload("asking.probe", {}), range(64)))
    assert (len(texts), most) == (1, 1)
