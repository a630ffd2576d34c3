"""The files of this machine that variables name: read here, so that what decides upon them reads nothing."""

from dataclasses import replace

from provision import content
from provision.inventory.specs import load_specs
from provision.model.fleet import Fleet, Host
from provision.plugins.module_utils.receipts.inputs import content_of


def with_files(fleet: Fleet) -> Fleet:
    """Return the fleet, each host with the content of the files that its role variables name.

    A name counts as it is written, which is what receipts are of, and as it is with its templates rendered.
    """
    known = load_specs(content.roles_directory()).options.keys()
    read: dict[tuple[str, str], bytes | None] = {}

    def files(host: Host) -> dict[str, bytes]:
        found = {}
        for name in known & host.variables.keys():
            for value in (host.variables[name], host.desired.get(name)):
                if isinstance(value, str):
                    place = (host.folder, value)
                    if place not in read:
                        read[place] = content_of(value, host.folder)
                    if (data := read[place]) is not None:
                        found[value] = data
        return found

    return replace(fleet, hosts=tuple(replace(host, files=files(host)) for host in fleet.hosts))
