"""Dataclasses that travel as JSON, and data that is not of their shape."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Mapping, Tuple  # noqa: UP035 - as the code of Python 3.8 writes them

import pytest

from provision.plugins.module_utils.host.typed_json import ShapeError, build


@dataclass(frozen=True)
class Wheel:
    """A part."""

    size: int
    flat: bool = False


@dataclass(frozen=True)
class Car:
    """A whole, with every kind of field."""

    name: str
    wheels: Tuple[Wheel, ...]  # noqa: UP006
    seats: Mapping[str, Tuple[int, ...]]  # noqa: UP006


CAR = Car("a", (Wheel(17), Wheel(18, flat=True)), {"front": (1, 2), "rear": ()})


def test_a_value_survives_its_journey() -> None:
    assert build(Car, asdict(CAR), "car") == CAR
    assert build(Car, json.loads(json.dumps(asdict(CAR))), "car") == CAR


SHAPES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda car: car.pop("name"), "car has no `name`"),
    (lambda car: car.update(name=None), "car.name is NoneType, not str"),
    (lambda car: car.update(wheels={}), "car.wheels is dict, not a list"),
    (lambda car: car.update(seats=[]), "car.seats is list, not an object"),
    (lambda car: car["wheels"].append("x"), "car.wheels[2] is str, not an object"),
    (lambda car: car["wheels"][1].update(size=True), "car.wheels[1].size is bool, not int"),
    (lambda car: car["wheels"][0].update(flat=0), "car.wheels[0].flat is int, not bool"),
    (lambda car: car["seats"].update(front=["x"]), "car.seats[front][0] is str, not int"),
]


@pytest.mark.parametrize(("spoil", "message"), SHAPES, ids=[message for _, message in SHAPES])
def test_data_of_another_shape_is_told_by_its_place(
    spoil: Callable[[dict[str, Any]], object], message: str
) -> None:
    data = json.loads(json.dumps(asdict(CAR)))
    spoil(data)
    with pytest.raises(ShapeError) as error:
        build(Car, data, "car")
    assert str(error.value) == message
