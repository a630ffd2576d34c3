"""The device filter of a cgroup v2: a BPF program, replaced by one that lets more devices through.

The kernel runs every program attached to a group and all must agree: adding one cannot widen anything.
The old program cannot be asked what it lets through; the new one allows what every container may use and the
devices given.
"""

from __future__ import annotations

import ctypes
import os
import struct

_SYSCALL_BPF = 321  # x86_64
_PROG_LOAD, _PROG_ATTACH, _PROG_DETACH, _GET_FD_BY_ID, _PROG_QUERY = 5, 8, 9, 13, 16
_TYPE_CGROUP_DEVICE, _ATTACH_CGROUP_DEVICE, _ALLOW_MULTI = 15, 6, 2
_ATTR_BYTES = 128
_MOST_PROGRAMS = 64
_ALWAYS = ((1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2), (136, None))
"""null, zero, full, random, urandom, tty, ptmx, pts"""

# Registers: r1 is the context with access_type, major and minor, four bytes each.
_LOAD_WORD, _JUMP_NOT_EQUAL, _MOVE, _EXIT = 0x61, 0x55, 0xB7, 0x95

_libc = ctypes.CDLL(None, use_errno=True)


def instructions(devices: list[tuple[int, int | None]]) -> bytes:
    """Return the program that answers 1 for these (major, minor) and 0 for all else; minor None is any."""
    code = [_instruction(_LOAD_WORD, 2, 1, 4), _instruction(_LOAD_WORD, 3, 1, 8)]
    allowed = [_instruction(_MOVE, 0, 0, 0, 1), _instruction(_EXIT)]
    for major, minor in devices:
        if minor is None:
            code += [_instruction(_JUMP_NOT_EQUAL, 2, 0, 2, major), *allowed]
        else:
            code += [
                _instruction(_JUMP_NOT_EQUAL, 2, 0, 3, major),
                _instruction(_JUMP_NOT_EQUAL, 3, 0, 2, minor),
            ]
            code += allowed
    return b"".join([*code, _instruction(_MOVE, 0, 0, 0, 0), _instruction(_EXIT)])


def widen(cgroup: str, devices: list[tuple[int, int]]) -> None:
    """Replace the filters of `cgroup` by one that also allows `devices`. Raises OSError."""
    group = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY)
    try:
        former = _attached(group)
        program = _load(instructions([*_ALWAYS, *devices]))
        _bpf(_PROG_ATTACH, struct.pack("<IIII", group, program, _ATTACH_CGROUP_DEVICE, _ALLOW_MULTI))
        for identifier in former:
            old = _bpf(_GET_FD_BY_ID, struct.pack("<I", identifier))
            _bpf(_PROG_DETACH, struct.pack("<III", group, old, _ATTACH_CGROUP_DEVICE))
            os.close(old)
        os.close(program)
    finally:
        os.close(group)


def _instruction(code: int, destination: int = 0, source: int = 0, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("<BBhi", code, destination | source << 4, offset, value)


def _load(code: bytes) -> int:
    text, licence = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"Apache")
    attributes = struct.pack(
        "<IIQQ", _TYPE_CGROUP_DEVICE, len(code) // 8, ctypes.addressof(text), ctypes.addressof(licence)
    )
    return _bpf(_PROG_LOAD, attributes)


def _attached(group: int) -> list[int]:
    identifiers = (ctypes.c_uint32 * _MOST_PROGRAMS)()
    query = struct.pack(
        "<IIIIQI", group, _ATTACH_CGROUP_DEVICE, 0, 0, ctypes.addressof(identifiers), _MOST_PROGRAMS
    )
    buffer = ctypes.create_string_buffer(query, _ATTR_BYTES)
    _call(_PROG_QUERY, buffer)
    [count] = struct.unpack_from("<I", buffer.raw, 24)
    return list(identifiers[:count])


def _bpf(command: int, attributes: bytes) -> int:
    return _call(command, ctypes.create_string_buffer(attributes, _ATTR_BYTES))


def _call(command: int, buffer: ctypes.Array[ctypes.c_char]) -> int:
    result = int(_libc.syscall(_SYSCALL_BPF, command, buffer, _ATTR_BYTES))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"bpf: {os.strerror(number)}")
    return result
