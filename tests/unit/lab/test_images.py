"""Images of servers: a copy replaces the copies before it."""

import pytest

from provision.lab import images, programs


def test_a_copy_is_kept_by_name_and_replaces_older_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, ...]] = []

    def docker(*arguments: str, **_: object) -> str:
        ran.append(arguments)
        return "1\n2\n" if arguments[0] == "images" else ""

    monkeypatch.setattr(programs, "docker", docker)

    name = images.copy_of("provision-lab-bench01", "bench01")

    repository, tag = name.split(":")
    assert repository == "provision-lab/bench01-copy"
    assert ran[0] == ("commit", "--change", "LABEL provision.lab=image", "provision-lab-bench01", name)
    assert [arguments for arguments in ran if arguments[0] == "rmi"] == [
        ("rmi", f"{repository}:1"),
        ("rmi", f"{repository}:2"),
    ]
    assert tag not in ("1", "2")
