"""What a field of a record may be, beside a number: enums, flags, texts, sets, times, structs."""

from __future__ import annotations

from collections.abc import Callable
from enum import Flag, IntEnum
from struct import Struct as Packer
from typing import Any, Generic, Self, TypeVar, cast, overload

from bsdproc import abi
from bsdproc.typed.record import Expression, Field, Record, made, set_at, set_source
from bsdproc.typed.sigset import SigSets
from bsdproc.typed.table import Source
from bsdproc.typed.texts import string

E = TypeVar("E", bound=IntEnum)
F = TypeVar("F", bound=Flag)
R = TypeVar("R", bound=Record)


class Enumerated(Field[E | int], Generic[E]):
    """An integer that an enum names; an unknown one stays an integer."""

    __slots__ = ("kind",)

    def __init__(self, cname: str, kind: type[E]) -> None:
        members = kind._value2member_map_
        super().__init__(cname, lambda value: members.get(value, value))
        self.kind = kind

    def type_name(self) -> str:
        return f"{self.kind.__name__} | int"


class Flagged(Field[F], Generic[F]):
    """A word of flags, unsigned; unknown bits are kept."""

    __slots__ = ("kind",)

    def __init__(self, cname: str, kind: type[F]) -> None:
        def convert(value: int) -> F:
            return kind(value & 0xFFFFFFFF if value < 0 else value)

        super().__init__(cname, convert)
        self.kind = kind

    def type_name(self) -> str:
        return self.kind.__name__


class Text(Field[str]):
    """A char array up to its NUL."""

    __slots__ = ()
    gives = "str"

    def __init__(self, cname: str) -> None:
        super().__init__(cname, string)


class SignalSet(Field[frozenset[E | int]], Generic[E]):
    """A sigset_t."""

    __slots__ = ("sets",)
    gives = "frozenset[Signal | int]"

    def __init__(self, cname: str, sets: SigSets[E]) -> None:
        super().__init__(cname)
        self.sets = sets

    def _converter(
        self, target: abi.Target, field: abi.Field
    ) -> Callable[[Any], frozenset[E | int]]:
        decode, order = self.sets.decode, target.byteorder
        return lambda value: decode(value, order)


class Seconds(Field[float]):
    """A struct timeval as seconds."""

    __slots__ = ("pair",)
    gives = "float"
    remembers = False
    pair: str
    """struct's letters for the whole."""

    def bind(self, target: abi.Target, layout: abi.Struct) -> Seconds:
        bound = cast(Seconds, super().bind(target, layout))
        bound.pair = _pair(target.struct("struct timeval"), "tv_sec", "tv_usec")
        return bound

    def _converter(self, target: abi.Target, field: abi.Field) -> Callable[[Any], float]:
        layout = target.struct("struct timeval")
        order = "<" if layout.byteorder == "little" else ">"
        unpack = Packer(order + _pair(layout, "tv_sec", "tv_usec")).unpack

        def convert(value: bytes) -> float:
            seconds, micros = unpack(value)
            total: float = seconds + micros / 1_000_000
            return total

        return convert

    def expression(self, index: int) -> Expression:
        return Expression(self.pair, f"v{index} + w{index} / 1000000", {}, numbers=2)


def _pair(layout: abi.Struct, first: str, second: str) -> str:
    """struct's letters for a struct of two numbers."""
    a, b = layout.field(first), layout.field(second)
    return (f"{a.letter}{b.offset - a.size}x{b.letter}"
            f"{layout.size - b.offset - b.size}x")


class Numbers(Field[tuple[int, ...]]):
    """An array of integers."""

    __slots__ = ()
    gives = "tuple[int, ...]"

    def _converter(self, target: abi.Target, field: abi.Field) -> Callable[[Any], tuple[int, ...]]:
        width = field.element_size or 1
        codes = "bhiq" if field.signed else "BHIQ"
        letter = dict(zip((1, 2, 4, 8), codes, strict=True))[width]
        order = "<" if target.byteorder == "little" else ">"
        return Packer(f"{order}{field.size // width}{letter}").unpack


class Pair(Field[tuple[int, int]]):
    """An array of two integers."""

    __slots__ = ()
    gives = "tuple[int, int]"

    def _converter(self, target: abi.Target, field: abi.Field) -> Callable[[Any], tuple[int, int]]:
        return cast(Callable[[Any], tuple[int, int]],
                    Numbers(self.cname)._converter(target, field))


class Nested(Field[R], Generic[R]):
    """A struct inside, a record of its own."""

    __slots__ = ("kind", "made")
    remembers = False
    made: type[R]
    """The class of the machine."""

    def __init__(self, cname: str, kind: type[R]) -> None:
        super().__init__(cname)
        self.kind = kind

    def type_name(self) -> str:
        return self.kind.__name__

    def bind(self, target: abi.Target, layout: abi.Struct) -> Nested[R]:
        bound = cast(Nested[R], super().bind(target, layout))
        bound.made = self.kind.of(target.machine)
        return bound

    def _single(self, source: Source, at: int) -> R:
        return made(self.made, source.alone, at + self.offset)

    def _filled(self, source: Source) -> bool:
        """Never: records inside are made for the one that is read."""
        return False

    def expression(self, index: int) -> Expression:
        # `made`, written out.
        one = f"r{index}"
        return Expression(
            f"{self.size}x", f"{one} = new(k{index})",
            {"new": object.__new__, "source_of": set_source, "at_of": set_at,
             f"k{index}": self.made},
            (f"source_of({one}, source.alone)", f"at_of({one}, at + {self.offset})"), 0,
        )


class Tail(Field[str]):
    """A path at the end of a record, which is cut to its length."""

    __slots__ = ()
    gives = "str"
    ends = False

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...
    @overload
    def __get__(self, obj: Record, owner: type) -> str: ...
    def __get__(self, obj: Record | None, owner: type) -> str | Self:
        if obj is None:
            return self
        start = obj._at + self.offset
        end = min(obj._end, start + self.size)
        value = obj.__dict__[self.name] = string(obj._source.data[start:end])
        return value
