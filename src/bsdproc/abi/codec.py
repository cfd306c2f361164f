"""Turning the bytes of C values into Python's and back, for either byte order.

A codec is made once for each field; it knows the field's size but not its place.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

ByteOrder: TypeAlias = Literal["little", "big"]
Data: TypeAlias = bytes | bytearray | memoryview
Value: TypeAlias = int | float | bytes | tuple["Value", ...] | Mapping[str, "Value"]
"""A field's value: a number, the bytes of a char array, a tuple for any other array, a
mapping for a struct or union."""

_CODES = {
    ("int", 1): "b", ("int", 2): "h", ("int", 4): "i", ("int", 8): "q",
    ("uint", 1): "B", ("uint", 2): "H", ("uint", 4): "I", ("uint", 8): "Q",
    ("float", 4): "f", ("float", 8): "d", ("bool", 1): "?",
}  # fmt: skip


def code(kind: str, size: int, signed: bool) -> str | None:
    """The `struct` module's letter for a number, None where it has none."""
    if kind in {"char", "pointer", "enum"}:
        kind = "int" if signed else "uint"
    return _CODES.get((kind, size))


class Codec(Protocol):
    """How values of one C type are stored."""

    def decode(self, data: Data, offset: int) -> Value: ...

    def encode(self, data: bytearray, offset: int, value: Value) -> None:
        """Replace the bytes at `offset`; TypeError or ValueError for what does not fit."""


def refusal(value: object, wanted: str) -> Exception:
    """The error for a value that the struct module did not take."""
    if isinstance(value, int | float):
        return ValueError(f"{value!r} does not fit {wanted}")
    return TypeError(f"{wanted} takes a number, not {type(value).__name__}")


class Number:
    """An integer of up to 8 bytes, a pointer, a bool, a float or a double."""

    def __init__(self, letter: str, order: ByteOrder) -> None:
        self.letter = letter
        self.struct = struct.Struct(("<" if order == "little" else ">") + letter)

    def decode(self, data: Data, offset: int) -> Value:
        (value,) = self.struct.unpack_from(data, offset)
        return value  # type: ignore[no-any-return]

    def encode(self, data: bytearray, offset: int, value: Value) -> None:
        try:
            self.struct.pack_into(data, offset, value)
        except (struct.error, OverflowError):
            raise refusal(value, f"{self.struct.size} bytes ({self.letter})") from None


class WideInteger:
    """An integer of 16 bytes."""

    def __init__(self, size: int, signed: bool, order: ByteOrder) -> None:
        self.size = size
        self.signed = signed
        self.order: ByteOrder = order

    def decode(self, data: Data, offset: int) -> Value:
        return int.from_bytes(data[offset : offset + self.size], self.order, signed=self.signed)

    def encode(self, data: bytearray, offset: int, value: Value) -> None:
        if not isinstance(value, int):
            raise refusal(value, f"{self.size} bytes")
        try:
            stored = value.to_bytes(self.size, self.order, signed=self.signed)
        except OverflowError:
            raise refusal(value, f"{self.size} bytes") from None
        data[offset : offset + self.size] = stored


class Bytes:
    """A char array, or a number that Python has no type for: the bytes as they are stored."""

    def __init__(self, size: int, exact: bool) -> None:
        self.size = size
        self.exact = exact

    def decode(self, data: Data, offset: int) -> Value:
        return bytes(data[offset : offset + self.size])

    def encode(self, data: bytearray, offset: int, value: Value) -> None:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise TypeError(f"{self.size} chars are given as bytes, not {type(value).__name__}")
        if len(value) > self.size or (self.exact and len(value) != self.size):
            raise ValueError(f"{len(value)} bytes do not fit {self.size} chars")
        data[offset : offset + self.size] = bytes(value).ljust(self.size, b"\0")


class Numbers:
    """An array of numbers, in one dimension."""

    def __init__(self, letter: str, count: int, order: ByteOrder) -> None:
        self.count = count
        self.struct = struct.Struct(f"{'<' if order == 'little' else '>'}{count}{letter}")

    def decode(self, data: Data, offset: int) -> Value:
        return self.struct.unpack_from(data, offset)

    def encode(self, data: bytearray, offset: int, value: Value) -> None:
        items = elements(value, self.count)
        try:
            self.struct.pack_into(data, offset, *items)
        except (struct.error, OverflowError):
            wanted = f"an array of {self.struct.size} bytes"
            odd = [item for item in items if not isinstance(item, int | float)]
            raise refusal(odd[0] if odd else max(items, key=abs), wanted) from None  # type: ignore[arg-type]


class Array:
    """An array of anything else, or of arrays."""

    def __init__(self, element: Codec, size: int, count: int) -> None:
        self.element = element
        self.size = size
        self.count = count

    def decode(self, data: Data, offset: int) -> Value:
        decode, size = self.element.decode, self.size
        return tuple(decode(data, offset + index * size) for index in range(self.count))

    def encode(self, data: bytearray, offset: int, value: Value) -> None:
        for index, item in enumerate(elements(value, self.count)):
            self.element.encode(data, offset + index * self.size, item)


def elements(value: Value, count: int) -> Sequence[Value]:
    """An array's values, as many as it holds."""
    if not isinstance(value, tuple | list):
        raise TypeError(f"an array of {count} is given as a tuple, not {type(value).__name__}")
    if len(value) != count:
        raise ValueError(f"{len(value)} values for an array of {count}")
    return value


class Record(Protocol):
    """What a struct inside another can do: `abi.layout.Struct`."""

    @property
    def name(self) -> str: ...

    def unpack(self, data: Data, offset: int = 0) -> dict[str, Value]: ...
    def fill(self, data: bytearray, offset: int, values: Mapping[str, Value]) -> None: ...


class Nested:
    """A struct or union inside another."""

    def __init__(self, layout: Record) -> None:
        self.layout = layout

    def decode(self, data: Data, offset: int) -> Value:
        return self.layout.unpack(data, offset)

    def encode(self, data: bytearray, offset: int, value: Value) -> None:
        if not isinstance(value, Mapping):
            raise TypeError(f"{self.layout.name} is given as a mapping, not {type(value).__name__}")
        self.layout.fill(data, offset, value)
