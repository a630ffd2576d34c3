"""config.toml of the toolkit's double."""

import pytest

from provision.lab.packages.doubles.container_toolkit import settings


def test_the_default_file_holds_the_defaults() -> None:
    assert settings.parse(settings.DEFAULTS) == settings.Settings()


@pytest.mark.parametrize(
    ("assignment", "expected"),
    [
        ("nvidia-container-cli.no-cgroups", settings.Settings(no_cgroups=True)),
        ("nvidia-container-runtime.mode=cdi", settings.Settings(mode="cdi")),
        ("nvidia-container-runtime.runtimes=crun,runc", settings.Settings(runtimes=("crun", "runc"))),
        (
            "accept-nvidia-visible-devices-envvar-when-unprivileged=false",
            settings.Settings(unprivileged_may_ask=False),
        ),
        ("features.disable-imex-channel-creation=true", settings.Settings()),
    ],
)
def test_set_changes_one_value(assignment: str, expected: settings.Settings) -> None:
    once = settings.with_value(settings.DEFAULTS, assignment)
    assert settings.parse(once) == expected
    assert settings.with_value(once, assignment) == once


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(settings.SettingsError, match="invalid config option key: nope"):
        settings.with_value(settings.DEFAULTS, "nope=1")


def test_a_broken_file_is_refused() -> None:
    with pytest.raises(settings.SettingsError):
        settings.parse("mode = [")
