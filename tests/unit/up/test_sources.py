"""What this machine would run now."""

from provision.up import sources

ROLES = ("nvidia_driver", "docker_engine")


def test_the_real_roles_are_read() -> None:
    found = sources.load(ROLES)
    assert "nvidia_driver_version" in found["nvidia_driver"].variables
    assert not any(name.startswith("nvidia_") for name in found["docker_engine"].variables)
    assert not any("_allow_" in name for source in found.values() for name in source.variables)
    assert found["nvidia_driver"].content != found["docker_engine"].content
    assert tuple(found) == ROLES
