"""System calls out of C prototypes: numbers, names, arguments and results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from types import MappingProxyType
from typing import ClassVar, Generic, TypeVar

from bsdproc import abi


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a system call, as C declares it."""

    name: str
    type: str
    """``int``, ``const char *``, ``struct kevent *``."""

    system: ClassVar[str] = ""
    addresses: ClassVar[frozenset[str]] = frozenset()
    """Types that are addresses without a star."""
    longs: ClassVar[frozenset[str]] = frozenset()
    """Types as wide as a pointer."""
    wide: ClassVar[frozenset[str]] = frozenset()
    """Types of 64 bits on every machine."""
    signs: ClassVar[frozenset[str]] = frozenset()
    """Types with a sign."""
    widths: ClassVar[Mapping[str, int]] = MappingProxyType({})
    """Bytes of the types that have another number than 4."""

    @property
    def pointer(self) -> bool:
        """Whether it is an address."""
        return self.type.endswith("*") or self.type in self.addresses

    @property
    def signed(self) -> bool:
        """Whether it is a number with a sign."""
        return self.type in self.signs

    def width(self, machine: str) -> int:
        """Bytes that it has on a machine."""
        if self.pointer or self.type in self.longs:
            return abi.target(self.system, machine).pointer
        return 8 if self.type in self.wide else self.widths.get(self.type, 4)

    def __str__(self) -> str:
        return f"{self.type}{'' if self.type.endswith('*') else ' '}{self.name}"


A = TypeVar("A", bound=Argument)
A_co = TypeVar("A_co", bound=Argument, covariant=True)


@dataclass(frozen=True, slots=True)
class Syscall(Generic[A_co]):
    """A system call."""

    number: int
    name: str
    """As SYS_* has it."""
    arguments: tuple[A_co, ...]
    returns: str
    """The C type of its result."""

    system: ClassVar[str] = ""
    pairs: ClassVar[frozenset[str]] = frozenset()
    """The 32-bit machines where a number of 64 bits begins at an even word."""

    def values(self, machine: str, words: Sequence[int]) -> tuple[int, ...]:
        """The arguments out of the machine words that the call was given.

        Numbers of 64 bits take two words on a 32-bit machine (on some they begin
        at an even one), narrower ones are cut to their width, and those with a
        sign get it.  As many as there are words for."""
        target = abi.target(self.system, machine)
        size = target.pointer
        mask = (1 << size * 8) - 1
        found: list[int] = []
        at = 0
        for argument in self.arguments:
            width = argument.width(machine)
            count = max(1, width // size)
            if count == 2 and machine in self.pairs:
                at += at % 2
            if at + count > len(words):
                break
            parts = [word & mask for word in words[at : at + count]]
            if target.byteorder == "big":
                parts.reverse()
            value = sum(part << size * 8 * place for place, part in enumerate(parts))
            value &= (1 << width * 8) - 1
            if argument.signed and value >> width * 8 - 1:
                value -= 1 << width * 8
            found.append(value)
            at += count
        return tuple(found)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.arguments))})"


C = TypeVar("C", bound="Syscall[Argument]")


class Table(Generic[C, A]):
    """The system calls of one system, out of their names and a C text of prototypes."""

    def __init__(self, call: type[C], argument: type[A], names: Mapping[int, str],
                 module: str) -> None:
        """`module` has the prototypes as TEXT; it is not imported before they are asked for."""
        self._call = call
        self._argument = argument
        self._names = names
        self._module = module

    def by_number(self, number: int) -> C | None:
        """The system call of that number; None for a number that has none."""
        return self.numbers.get(number)

    def by_name(self, name: str) -> C | None:
        """The system call of that name; None when there is none."""
        return self._by_name.get(name)

    def name(self, number: int) -> str:
        """A system call's name, "#1000" for a number that has none."""
        return self._names.get(number) or f"#{number}"

    def number(self, name: str) -> int:
        """The number of the system call of that name, for `ptrace.sc_remote` and
        `SyscallEntered.replace`; `KeyError` when there is none."""
        return self._by_name[name].number

    @cached_property
    def numbers(self) -> Mapping[int, C]:
        """Every system call by its number."""
        prototypes = self._prototypes()
        return MappingProxyType({
            number: self._call(number, called, *prototypes[called])
            for number, called in self._names.items()
        })

    @cached_property
    def _by_name(self) -> Mapping[str, C]:
        return {call.name: call for call in self.numbers.values()}

    def _prototypes(self) -> dict[str, tuple[tuple[A, ...], str]]:
        """Arguments and result of each, out of the C text."""
        text: str = import_module(self._module).TEXT
        found: dict[str, tuple[tuple[A, ...], str]] = {}
        for line in text.replace("\n    ", " ").splitlines():
            head, _, inside = line.removesuffix(")").partition("(")
            called, returns = _split(head)
            arguments = (_split(part) for part in inside.split(", ") if part)
            found[called] = tuple(self._argument(*one) for one in arguments), returns
        return found


def _split(declaration: str) -> tuple[str, str]:
    """Name and type of "const char *path"."""
    stars = declaration.rfind("*") + 1
    at = stars or declaration.rindex(" ")
    return declaration[at:].strip(), declaration[:at].strip()
