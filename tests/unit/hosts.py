"""Hosts as an inventory with some variables would have them."""

from collections.abc import Mapping
from dataclasses import replace

from provision.inventory.desired import desired
from provision.model.desired import Desired
from provision.model.fleet import Host


def host(
    name: str,
    variables: Mapping[str, object] | None = None,
    folder: str = "/site",
    *,
    files: Mapping[str, bytes] | None = None,
) -> Host:
    """Return a host of an inventory in that folder; its variables may name the files."""
    read = Host(name, ("gpu",), variables or {}, folder, files or {})
    return replace(read, desired=desired(read))


def asked(**variables: object) -> Desired:
    """Return what an inventory with these variables asks; the rest is the roles' defaults."""
    return host("h", variables).desired
