"""What the inventory asks of a host that the checks must know: image, users, default runtime, CDI, MIG."""

from dataclasses import dataclass

from provision.model.desired import HIDDEN, Desired

IMAGE = "nvidia_container_toolkit_test_image"
DEFAULT_RUNTIME = "nvidia_container_toolkit_default_runtime"
CDI = "nvidia_container_toolkit_cdi"
USERS = "docker_engine_users"
LAYOUT = "nvidia_mig_layout"


@dataclass(frozen=True)
class Wanted:
    """`image` is what the container checks start, `users` those who are to reach Docker without root.

    `mig` tells whether the inventory has a MIG layout for the host, whatever it says. `hidden` names the
    variables whose value only the run knows: what they decide cannot be checked.
    """

    image: str | None = None
    default_runtime: bool = True
    cdi: bool = True
    users: tuple[str, ...] = ()
    mig: bool = False
    hidden: tuple[str, ...] = ()

    @classmethod
    def of(cls, desired: Desired) -> "Wanted":
        """Take what the checks need from what the inventory asks."""
        names = (IMAGE, DEFAULT_RUNTIME, CDI, USERS, LAYOUT)
        return cls(
            image=desired.text(IMAGE),
            # Containers then ask for the runtime by name, which is right either way.
            default_runtime=desired.flag(DEFAULT_RUNTIME, hidden=False),
            cdi=desired.flag(CDI, hidden=False),
            users=_users(desired.get(USERS)),
            mig=desired.partitioned,
            hidden=tuple(name for name in names if desired.get(name) is HIDDEN),
        )


def _users(value: object) -> tuple[str, ...]:
    """Return the users; a template may have given one text, which Ansible takes apart at its commas."""
    if isinstance(value, str):
        return tuple(user.strip() for user in value.split(",") if user.strip())
    return tuple(map(str, value)) if isinstance(value, list) else ()
