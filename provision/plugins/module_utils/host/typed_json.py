"""Frozen dataclasses that travel as JSON: `dataclasses.asdict` takes one apart, `build` makes it again.

A field is written and read by its name and its type alone.
"""

from __future__ import annotations

import collections.abc
import dataclasses
from typing import Any, Type, TypeVar, get_args, get_origin, get_type_hints

_Value = TypeVar("_Value")


class ShapeError(ValueError):
    """The data is not of the type that was asked for; the message names the place and both types."""


def build(kind: Type[_Value], data: object, place: str) -> _Value:
    """Return the value of this type that was taken apart as `data`. Raises ShapeError.

    A field is a dataclass, `Tuple[X, ...]`, `Mapping[str, X]`, `str`, `int` or `bool`. `place` is what errors call it.
    """
    value: _Value = _build(kind, data, place)
    return value


def _build(kind: Any, data: Any, place: str) -> Any:  # noqa: ANN401 - types are values here
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(kind, data, place)
    if get_origin(kind) is tuple:
        _expect(data, (list, tuple), place)
        item = get_args(kind)[0]
        return tuple(_build(item, each, "%s[%d]" % (place, index)) for index, each in enumerate(data))
    if get_origin(kind) is collections.abc.Mapping:
        _expect(data, dict, place)
        item = get_args(kind)[1]
        return {key: _build(item, each, "%s[%s]" % (place, key)) for key, each in data.items()}
    if type(data) is not kind:  # a bool is no number here
        raise ShapeError("%s is %s, not %s" % (place, type(data).__name__, kind.__name__))
    return data


def _build_dataclass(kind: Any, data: Any, place: str) -> Any:  # noqa: ANN401 - likewise
    _expect(data, dict, place)
    types = get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    for name in names:
        if name not in data:
            raise ShapeError("%s has no `%s`" % (place, name))
    return kind(**{name: _build(types[name], data[name], "%s.%s" % (place, name)) for name in names})


def _expect(data: object, kinds: Any, place: str) -> None:  # noqa: ANN401 - what isinstance takes
    if not isinstance(data, kinds):
        name = "an object" if kinds is dict else "a list"
        raise ShapeError("%s is %s, not %s" % (place, type(data).__name__, name))
