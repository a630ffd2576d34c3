"""`nvidia-ctk runtime configure --runtime=docker`, with everything that it does to a file it did not write.

Kept from the real one, because servers in the field have met it: numbers become floating point, keys are
sorted, `features` is replaced as a whole, an existing nvidia runtime loses its options, text behind the first
value is dropped, there is no newline at the end.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path

DEFAULT_PATH = "/etc/docker/daemon.json"

_EXPONENT_FROM = 1e21
_EXPONENT_BELOW = 1e-6


class ConfigError(Exception):
    """The file cannot be read as the engine's configuration."""


class GoPanic(Exception):
    """The real program crashes on this input with exit code 2."""


def updated(text: str | None, *, runtime: str, path: str, set_as_default: bool, cdi: bool) -> str:
    """Return the new text of daemon.json for its present one, None where there is no file."""
    config = {} if text is None else _load(text)
    if config is None:
        raise GoPanic("assignment to entry in nil map")
    if not isinstance(config, dict):
        kind = {str: "string", bool: "bool", float: "number", list: "array"}[type(config)]
        raise ConfigError(f"json: cannot unmarshal {kind} into Go value of type docker.Config")
    runtimes = config.get("runtimes", {})
    if not isinstance(runtimes, dict):
        raise GoPanic("interface conversion: interface {} is not map[string]interface {}")
    config["runtimes"] = {**runtimes, runtime: {"args": [], "path": path}}
    if set_as_default:
        config["default-runtime"] = runtime
    if cdi:
        config["features"] = {"cdi": True}
    return _dump(config, "")


def read(path: str) -> str | None:
    """Return the text of the file, None where there is none."""
    try:
        return Path(path).read_text()
    except FileNotFoundError:
        return None


def write(path: str, text: str) -> None:
    """Truncate and write, neither atomically nor with a backup; links and modes stay."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w") as file:
        file.write(text)


def _load(text: str) -> object:
    stripped = text.lstrip(" \t\r\n")
    if not stripped:
        raise ConfigError("EOF")

    def refuse(constant: str) -> object:
        raise ValueError(f"invalid character '{constant[0]}' looking for beginning of value")

    decoder = json.JSONDecoder(parse_int=float, parse_constant=refuse)
    try:
        return decoder.raw_decode(stripped)[0]
    except ValueError as error:
        raise ConfigError(_reason(stripped, error)) from error


def _reason(text: str, error: ValueError) -> str:
    if not isinstance(error, json.JSONDecodeError):
        return str(error)
    if error.pos >= len(text):
        return "unexpected EOF"
    return f"invalid character {text[error.pos]!r} looking for beginning of value"


def _dump(value: object, indent: str) -> str:
    deeper = indent + "    "
    if isinstance(value, dict):
        entries = [f"{deeper}{_string(key)}: {_dump(value[key], deeper)}" for key in sorted(value)]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}" if entries else "{}"
    if isinstance(value, list):
        entries = [deeper + _dump(item, deeper) for item in value]
        return "[\n" + ",\n".join(entries) + f"\n{indent}]" if entries else "[]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float):
        return _number(value)
    return json.dumps(value)


def _string(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _number(value: float) -> str:
    if math.isinf(value):
        raise ConfigError("json: cannot unmarshal number into Go value of type float64")
    size = abs(value)
    if size != 0 and (size < _EXPONENT_BELOW or size >= _EXPONENT_FROM):
        mantissa, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
        return f"{mantissa}e{int(exponent):+d}"
    return format(Decimal(repr(value)), "f").removesuffix(".0")
