"""The network that all labs of this machine share."""

from provision.errors import RunError
from provision.lab import programs
from provision.lab.state import GATEWAY, LABEL, NETWORK, SUBNET


def ensure() -> None:
    """Create the network once. Raises RunError if its addresses belong to another."""
    if programs.docker_answers("network", "inspect", NETWORK) is not None:
        return
    try:
        programs.docker(
            "network", "create", "--label", LABEL, "--subnet", SUBNET, "--gateway", GATEWAY, NETWORK
        )
    except RunError as error:
        raise RunError(
            f"cannot create network {NETWORK} ({SUBNET}): {error.message}",
            hint="`docker network ls` and `ip route` show what else uses these addresses",
        ) from error


def remove() -> None:
    """Remove the network if it is there."""
    if programs.docker_answers("network", "inspect", NETWORK) is not None:
        programs.docker("network", "rm", NETWORK)


def disconnect(container: str) -> None:
    """Pull the cable of a server."""
    programs.docker_answers("network", "disconnect", "--force", NETWORK, container)


def connect(container: str, name: str, address: str) -> None:
    """Plug the cable of a server in again."""
    if (
        address
        not in programs.docker(
            "inspect", "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", container
        ).split()
    ):
        programs.docker("network", "connect", "--ip", address, "--alias", name, NETWORK, container)
