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

    A field is a dataclass, `Tuple[X, ...]`, `Mapping[str, X]`, `Optional[X]`, `str`, `int`, `bool` or `object`,
    which is anything. One with a default may be missing. `place` is what errors call it.
    """
    value: _Value = _build(kind, data, place)
    return value


def _build(kind: Any, data: Any, place: str) -> Any:  # noqa: ANN401 - types are values here
    if dataclasses.is_dataclass(kind):
        return _build_dataclass(kind, data, place)
    if kind is object:
        return data
    if type(None) in get_args(kind):  # Optional[X], or X | None where only the control machine reads it
        inner = next(each for each in get_args(kind) if each is not type(None))
        return None if data is None else _build(inner, data, place)
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
    found = {}
    for field in dataclasses.fields(kind):
        if field.name in data:
            found[field.name] = _build(types[field.name], data[field.name], "%s.%s" % (place, field.name))
        elif field.default is field.default_factory is dataclasses.MISSING:
            raise ShapeError("%s has no `%s`" % (place, field.name))
    return kind(**found)


def _expect(data: object, kinds: Any, place: str) -> None:  # noqa: ANN401 - what isinstance takes
    if not isinstance(data, kinds):
        name = "an object" if kinds is dict else "a list"
        raise ShapeError("%s is %s, not %s" % (place, type(data).__name__, name))
