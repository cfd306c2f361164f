"""Records back into the bytes of their struct, from the typed values of their fields."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Flag

from bsdproc.freebsd import sigset
from bsdproc.freebsd.records import Record
from bsdproc.typed.records import Field


def record(value: Record) -> bytes:
    """A record's bytes, each field from its value.

    What lies between the fields, and behind the end of a string, has no value and
    stays as the kernel gave it.  `AssertionError` when a field does not give the
    bytes that it was read from."""
    data = bytearray(value.raw)
    for name in value.names():
        field = vars(type(value))[name]
        new = _field(field, getattr(value, name), len(data) - field.offset, value.machine)
        end = field.offset + len(new)
        if data[field.offset : end] != new:
            raise AssertionError(f"{type(value).__name__}.{name} of {value.raw.hex()} "
                                 f"becomes {new.hex()}")
        data[field.offset : end] = new
    return bytes(data)


def table(values: Iterable[Record]) -> bytes:
    """Records that follow each other."""
    return b"".join(map(record, values))


def _field(field: Field[object], value: object, room: int, machine: str) -> bytes:
    size, order = min(field.size, room), "little"
    if isinstance(value, Record):
        return record(value)
    if isinstance(value, str):
        return text(value)[:size]
    if isinstance(value, frozenset):
        return sigset.encode(value, order)
    if isinstance(value, float):
        seconds = int(value)
        micros = round((value - seconds) * 1_000_000)
        return number(seconds, size // 2) + number(micros, size // 2)
    if isinstance(value, tuple):
        return b"".join(number(element, size // len(value)) for element in value)
    if isinstance(value, Flag):
        return number(value.value, size)
    if isinstance(value, int):
        return number(value, size)
    if value is None:
        return b""
    raise TypeError(f"no bytes for {value!r} of {machine}")


def number(value: int, size: int) -> bytes:
    """An integer of that many bytes, whatever its sign."""
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def text(value: str) -> bytes:
    """A string with its NUL."""
    return value.encode("utf-8", "surrogateescape") + b"\0"


def int32(value: int) -> int:
    """A number as C's int has it."""
    return (value + 0x80000000 & 0xFFFFFFFF) - 0x80000000
