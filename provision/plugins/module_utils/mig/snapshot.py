"""All GPUs of a host with their partitions and users, at one moment; also as JSON, to be planned with elsewhere.

Everything here is pure. Python 3.8, standard library only; hosts and the control machine run it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from .layout import Board
from .placement import Instance, Placement, Profile
from .plan import Gpu
from .refusal import Usage, User


@dataclass(frozen=True)
class Scene:
    """The GPUs and their users.

    `driver` is False where no driver answered: the GPUs are then what is known of their models. `unknown` are
    PCI addresses of GPUs whose model is not known either. `record` is what the host keeps of its last layout.
    """

    gpus: Tuple[Gpu, ...]
    usage: Usage
    driver: bool = True
    unknown: Tuple[str, ...] = ()
    record: str = ""


def as_json(scene: Scene) -> Dict[str, Any]:
    """Return a scene as JSON-like values."""
    return {
        "driver": scene.driver,
        "unknown": list(scene.unknown),
        "record": scene.record,
        "gpus": [_from_gpu(gpu) for gpu in scene.gpus],
        "instances": [[uuid, gi, _from_users(users)] for (uuid, gi), users in scene.usage.instances.items()],
        "users": {uuid: _from_users(users) for uuid, users in scene.usage.gpus.items()},
        "computing": {uuid: _from_users(users) for uuid, users in scene.usage.computing.items()},
    }


def from_json(data: Mapping[str, Any]) -> Scene:
    """Return the scene that `as_json` wrote. Raises KeyError, TypeError or ValueError."""
    usage = Usage(
        {(uuid, gi): _users(users) for uuid, gi, users in data["instances"]},
        {uuid: _users(users) for uuid, users in data["users"].items()},
        {uuid: _users(users) for uuid, users in data["computing"].items()},
    )
    gpus = tuple(_gpu(gpu) for gpu in data["gpus"])
    return Scene(gpus, usage, data["driver"], tuple(data["unknown"]), data["record"])


def _from_users(users: Sequence[User]) -> List[List[str]]:
    return [list(user) for user in users]


def _users(data: Sequence[Sequence[str]]) -> Tuple[User, ...]:
    return tuple(User(*user) for user in data)


def _from_gpu(gpu: Gpu) -> Dict[str, Any]:
    board = gpu.board
    return {
        "uuid": board.uuid,
        "pci": board.pci,
        "device": board.device,
        "subsystem": board.subsystem,
        "capable": board.capable,
        "name": gpu.name,
        "mode": [gpu.enabled, gpu.pending],
        "resets": gpu.resets,
        "resettable": gpu.resettable,
        "profiles": {
            profile.name: [
                profile.slices,
                profile.limit,
                [_from_place(place) for place in profile.placements],
                list(profile.engines),
            ]
            for profile in board.profiles.values()
        },
        "instances": [
            [each.identifier, each.profile, _from_place(each.placement), list(each.compute), list(each.users)]
            for each in gpu.instances
        ],
    }


def _gpu(data: Mapping[str, Any]) -> Gpu:
    profiles = {
        name: Profile(name, slices, limit, tuple(Placement(*place) for place in places), tuple(engines))
        for name, (slices, limit, places, engines) in data["profiles"].items()
    }
    board = Board(data["uuid"], data["pci"], data["device"], data["subsystem"], data["capable"], profiles)
    instances = tuple(
        Instance(identifier, profile, Placement(*place), tuple(compute), tuple(users))
        for identifier, profile, place, compute, users in data["instances"]
    )
    enabled, pending = data["mode"]
    return Gpu(board, data["name"], enabled, pending, data["resets"], instances, data["resettable"])


def _from_place(place: Placement) -> List[int]:
    return [place.start, place.size]
