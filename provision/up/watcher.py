"""Who is told what goes on while hosts are asked and changed."""

from provision.model.observed import HostProbe
from provision.runner import Event
from provision.up.tally import Tally


class Watcher:
    """Shows nothing; screens are derived from it."""

    def phase(self, text: str, hosts: int) -> None:
        """Begin a part of the work, on that many hosts."""

    def answered(self, probe: HostProbe) -> None:
        """Take note that a host has answered the probe."""

    def happened(self, event: Event, tally: Tally) -> None:
        """Take note of an event, which the tally has in it already."""
