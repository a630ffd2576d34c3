"""All that reaches hosts. Everything else in this room decides: a test hands in effects of its own."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from provision.model.fleet import Fleet
from provision.model.observed import HostProbe
from provision.runner import Event, Playbook, Result

if TYPE_CHECKING:  # only what verifies pays for it
    from provision.verify import Check, VerifyReport

Probes = Mapping[str, HostProbe]


class Effects(Protocol):
    """What a use case does to hosts and asks of them."""

    def probe(self, fleet: Fleet, *, on_host: Callable[[HostProbe], None] | None = None) -> Probes:
        """Ask every host what it is, all at once, and tell each answer as it comes; a failure is one too."""

    def run_playbook(self, playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        """Run a playbook, its files in `run_dir`. Raises RunError where it cannot be started."""

    def verify(
        self,
        fleet: Fleet,
        hosts: Sequence[str] | None = None,
        *,
        junit: Path | None = None,
        on_check: "Callable[[Check], None] | None" = None,
    ) -> "VerifyReport":
        """Check hosts, all where none are named. Raises ProvisionError where the checks did not run."""


class RealEffects:
    """Hosts over SSH, Ansible as a process, checks in pytest."""

    def probe(self, fleet: Fleet, *, on_host: Callable[[HostProbe], None] | None = None) -> Probes:
        """Ask the hosts over SSH."""
        from provision import probe

        return probe.probe(fleet, on_host=on_host)

    def run_playbook(self, playbook: Playbook, run_dir: Path, *, on_event: Callable[[Event], None]) -> Result:
        """Run `ansible-playbook`."""
        from provision import runner

        return runner.run_playbook(playbook, run_dir, on_event=on_event)

    def verify(
        self,
        fleet: Fleet,
        hosts: Sequence[str] | None = None,
        *,
        junit: Path | None = None,
        on_check: "Callable[[Check], None] | None" = None,
    ) -> "VerifyReport":
        """Run the checks that ship with the product."""
        from provision import verify

        return verify.run(fleet, hosts, junit=junit, on_check=on_check)
