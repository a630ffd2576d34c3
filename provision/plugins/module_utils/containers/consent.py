"""Restarts of dockerd that would stop containers: refused, unless they were consented to."""

from __future__ import annotations

from ..host.module import Module, refuse_json
from .docker_service import refusal, restart_victims
from .engine import DockerApiError


def refuse_restart(module: Module, *, live_restore_goes: bool) -> None:
    """End the module with a refusal that names the containers, if a restart would stop any.

    The module's parameters say whether it may (`allow_restart`) and which variable would allow it (`consent`).
    """
    if module.params["allow_restart"]:
        return
    try:
        victims = restart_victims(live_restore_goes)
    except DockerApiError as error:
        module.fail_json(
            msg=f"cannot tell which containers run: {error}", hint="look at `journalctl -u docker`"
        )
    if victims:
        message, hint = refusal(victims, module.params["consent"])
        refuse_json(module, message, hint, workloads=[item._asdict() for item in victims])
