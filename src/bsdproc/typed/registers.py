"""Register files: the bytes of a C struct with its registers as attributes.

A file keeps the bytes that the kernel gave, in the target's own layout, and
decodes a register when it is asked for.  Where a register lies comes from the
target's measured struct; the classes only say which registers there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct as Packer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Self, cast, overload

from bsdproc import abi
from bsdproc.kernel.errors import NotSupported, not_supported
from bsdproc.typed import check

if TYPE_CHECKING:
    from collections.abc import Callable

Order = Literal["<", ">"]
_CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Place(NamedTuple):
    """Where a field lies: its offset, its size and that of one element, in bytes."""

    offset: int
    size: int
    element: int


class _Size:
    """`RegisterFile.size`, until the class has looked up its layout."""

    def __get__(self, file: RegisterFile | None, owner: type[RegisterFile]) -> int:
        if not owner.machine:
            return 0
        owner._bind()
        return owner.size


class RegisterFile:
    """A struct of registers, kept as bytes; subclasses name the registers."""

    system: ClassVar[str] = ""
    """The system that it is of; set by each surface's own base class."""
    machine: ClassVar[str] = ""
    """As `bsdproc.abi` names it."""
    struct: ClassVar[str] = ""
    """The C name of the struct."""
    size: ClassVar[int] = cast(int, _Size())
    """Bytes of the struct; 0 of a class that is no machine's."""
    _registers: ClassVar[Mapping[str, Register]] = MappingProxyType({})
    _bound: ClassVar[bool] = False

    __slots__ = ("_data",)
    __hash__ = None  # type: ignore[assignment]  # mutable

    def __init__(self, data: bytes | bytearray | memoryview | None = None) -> None:
        """From the struct's bytes, or all zero.  `ValueError` for another length."""
        if not self._bound:
            self._bind()
        if data is None:
            data = bytes(self.size)
        elif len(data) != self.size:
            raise ValueError(
                f"{self.struct} of {self.machine} has {self.size} bytes, not {len(data)}"
            )
        self._data = bytearray(data)

    def __init_subclass__(cls) -> None:
        cls._bound = False
        cls.size = RegisterFile.__dict__["size"]

    @classmethod
    def _bind(cls) -> None:
        """Look up the layout and tell each register where it lies."""
        target = abi.target(cls.system, cls.machine)
        order: Order = "<" if target.byteorder == "little" else ">"
        declared: dict[str, object] = {}
        for owner in reversed(cls.__mro__):
            declared.update(vars(owner))
        cls.size = cls._length()
        registers: dict[str, Register] = {}
        for name, value in declared.items():
            if isinstance(value, Absent):
                value.name = name
            elif isinstance(value, (Register, Bank)):
                bound = value.bind(cls._place(value.field or name), order)
                bound.name = name
                setattr(cls, name, bound)
                if isinstance(bound, Register) and not isinstance(bound, Neutral):
                    registers[name] = bound
        cls._registers = MappingProxyType(registers)
        cls._bound = True

    @classmethod
    def _length(cls) -> int:
        return abi.target(cls.system, cls.machine).struct(cls.struct).size

    @classmethod
    def _place(cls, field: str) -> Place:
        """Where a field of the struct lies."""
        found = abi.target(cls.system, cls.machine).struct(cls.struct).field(field)
        return Place(found.offset, found.size, found.element_size or found.size)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """The machine's names of the registers, in the struct's order."""
        if not cls._bound:
            cls._bind()
        own = cls._registers
        return tuple(sorted(own, key=lambda name: own[name].offset))

    def __bytes__(self) -> bytes:
        return bytes(self._data)

    def copy(self) -> Self:
        """Another one with the same contents."""
        return type(self)(self._data)

    def __copy__(self) -> Self:
        return self.copy()

    def __getitem__(self, name: str) -> int:
        """A register by its name; `KeyError` when the machine has none such."""
        try:
            found = self._registers[name]
        except KeyError:
            raise self._unknown(name) from None
        return found.read(self._data)

    def __setitem__(self, name: str, value: int) -> None:
        if name not in self._registers:
            raise self._unknown(name)
        self._registers[name].__set__(self, value)

    def _unknown(self, name: str) -> KeyError:
        return KeyError(f"{self.struct} of {self.machine} has no {name!r}")

    def keys(self) -> tuple[str, ...]:
        """`names`, so that ``dict(registers)`` is `asdict`."""
        return self.names()

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __contains__(self, name: object) -> bool:
        return name in self._registers

    def asdict(self) -> dict[str, int]:
        """Every register by its machine name."""
        return {name: self[name] for name in self.names()}

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, RegisterFile):
            return NotImplemented
        return self._data == other._data

    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        return type(self), (bytes(self._data),)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={self[name]:#x}" for name in self.names())
        return f"{type(self).__name__}({shown})"


class Register:
    """One register: a typed, range-checked attribute of a register file.

    `field` is the C name of its field (its own name without one), `index` an
    element of an array; `part` takes (offset, bytes) within the field."""

    __slots__ = ("bits", "field", "index", "name", "offset", "pack", "part", "unpack")

    unpack: Callable[[bytearray, int], tuple[Any, ...]]
    pack: Callable[..., None]

    def __init__(self, field: str | None = None, index: int | None = None, *,
                 part: tuple[int, int] | None = None) -> None:
        self.field = field
        self.index = index
        self.part = part
        self.name = field or ""
        self.offset = 0
        self.bits = 0

    def place(self) -> str:
        """Where it lies in the struct, for people: "r_rip", "x[3]"."""
        row = "" if self.index is None else f"[{self.index}]"
        part = "" if self.part is None else f", {self.part[1]} of its bytes from {self.part[0]} on"
        return f"{self.field or self.name}{row}{part}"

    def __repr__(self) -> str:
        return f"<{self.place()}: int>"

    def bind(self, place: Place, order: Order) -> Register:
        """The same register where the target has it."""
        bound = type(self)(self.field, self.index, part=self.part)
        bound.offset, size = place.offset, place.size
        if self.index is not None:
            bound.offset += place.element * self.index
            size = place.element
        if self.part is not None:
            bound.offset += self.part[0]
            size = self.part[1]
        packer = Packer(order + _CODES[size])
        bound.bits = size * 8
        bound.unpack, bound.pack = packer.unpack_from, packer.pack_into
        return bound

    @overload
    def __get__(self, obj: None, owner: type) -> Register: ...
    @overload
    def __get__(self, obj: RegisterFile, owner: type) -> int: ...
    def __get__(self, obj: RegisterFile | None, owner: type) -> int | Register:
        if obj is None:
            return self
        value: int = self.unpack(obj._data, self.offset)[0]
        return value

    def __set__(self, obj: RegisterFile, value: int) -> None:
        if type(value) is not int or value < 0 or value >> self.bits:
            value = check.unsigned(value, self.bits, self.name)
        self.pack(obj._data, self.offset, value)

    def read(self, data: bytearray) -> int:
        value: int = self.unpack(data, self.offset)[0]
        return value


class Neutral(Register):
    """A register under a name that every machine has: pc, sp, fp, return_value."""

    __slots__ = ()


class Absent(Neutral):
    """What a machine has none of among its registers; `NotSupported` when it is asked for."""

    __slots__ = ("reason",)

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason

    def place(self) -> str:
        return f"none: {self.reason}"

    def __repr__(self) -> str:
        return f"<{self.place()}>"

    @overload
    def __get__(self, obj: None, owner: type) -> Register: ...
    @overload
    def __get__(self, obj: RegisterFile, owner: type) -> int: ...
    def __get__(self, obj: RegisterFile | None, owner: type) -> int | Register:
        if obj is None:
            return self
        raise self._error(obj)

    def __set__(self, obj: RegisterFile, value: int) -> None:
        raise self._error(obj)

    def _error(self, obj: RegisterFile) -> NotSupported:
        return not_supported(obj.system, call=obj.struct, request=self.name,
                             reason=f"{obj.machine}: {self.reason}")


class View(Sequence[int]):
    """The registers of a bank, as a sequence whose elements can be set."""

    __slots__ = ("_bank", "_file")

    def __init__(self, bank: Bank, file: RegisterFile) -> None:
        self._bank = bank
        self._file = file

    def __len__(self) -> int:
        return self._bank.count

    def _offset(self, index: int) -> int:
        bank = self._bank
        if index < 0:
            index += bank.count
        if not 0 <= index < bank.count:
            raise IndexError(f"{bank.name} has {bank.count} registers")
        return bank.start + index * bank.stride

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[int, ...]: ...
    def __getitem__(self, index: int | slice) -> int | tuple[int, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        at = self._offset(index)
        return int.from_bytes(self._file._data[at : at + self._bank.width], self._bank.order)

    def __setitem__(self, index: int, value: int) -> None:
        bank = self._bank
        at = self._offset(index)
        value = check.unsigned(value, bank.width * 8, f"{bank.name}[{index}]")
        self._file._data[at : at + bank.width] = value.to_bytes(bank.width, bank.order)

    def __iter__(self) -> Iterator[int]:
        return (self[i] for i in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (View, tuple, list)):
            return tuple(self) == tuple(other)
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{self._bank.name}: {', '.join(map(hex, self))}>"


class Bank:
    """A row of like registers of any width: `regs.xmm[3] = 1 << 100`.

    `width` bytes of each of `count` elements count, every `stride` bytes from
    `offset` into the field."""

    __slots__ = ("count", "field", "name", "offset", "order", "start", "stride", "width")

    def __init__(self, field: str, count: int, width: int, *, stride: int | None = None,
                 offset: int = 0) -> None:
        self.field = field
        self.count = count
        self.width = width
        self.stride = width if stride is None else stride
        self.offset = offset
        self.name = field
        self.start = 0
        self.order: Literal["little", "big"] = "little"

    def place(self) -> str:
        """Where they lie in the struct, for people: "fp_xmm, 16 of 16 bytes"."""
        return f"{self.field}, {self.count} of {self.width} bytes"

    def __repr__(self) -> str:
        return f"<{self.place()}>"

    def bind(self, place: Place, order: Order) -> Bank:
        """The same bank where the target has it."""
        bound = type(self)(self.field, self.count, self.width, stride=self.stride,
                           offset=self.offset)
        bound.start = place.offset + self.offset
        bound.order = "little" if order == "<" else "big"
        return bound

    @overload
    def __get__(self, obj: None, owner: type) -> Bank: ...
    @overload
    def __get__(self, obj: RegisterFile, owner: type) -> View: ...
    def __get__(self, obj: RegisterFile | None, owner: type) -> View | Bank:
        return self if obj is None else View(self, obj)

    def __set__(self, obj: RegisterFile, values: Sequence[int]) -> None:
        if len(values) != self.count:
            raise ValueError(f"{self.name} has {self.count} registers, not {len(values)}")
        view = View(self, obj)
        for index, value in enumerate(values):
            view[index] = value


class GeneralRegisters(RegisterFile):
    """What every machine's general registers have; unsigned throughout."""

    struct = "struct reg"
    __slots__ = ()

    argument_names: ClassVar[tuple[str, ...]] = ()
    """The registers of the C ABI's integer arguments, in order; none where they
    are on the stack."""
    syscall_argument_names: ClassVar[tuple[str, ...]] = ()
    """The registers of a system call's arguments; none where they are on
    the stack."""

    pc = Neutral()
    """The program counter."""
    sp = Neutral()
    """The stack pointer."""
    fp = Neutral()
    """The frame pointer of the C ABI."""
    return_value = Neutral()
    """Where a C function, and a system call, leaves its (first) result."""
    syscall_number = Neutral()
    """Where a system call's number is passed."""

    @property
    def arguments(self) -> tuple[int, ...]:
        """The integer arguments of a C call, as far as they are in registers.

        Can be set to as many values or fewer; the other registers stay."""
        return tuple(self[name] for name in self.argument_names)

    @arguments.setter
    def arguments(self, values: Sequence[int]) -> None:
        self._fill(self.argument_names, values)

    @property
    def syscall_arguments(self) -> tuple[int, ...]:
        """The arguments of a system call, as far as they are in registers.

        Can be set to as many values or fewer; the other registers stay."""
        return tuple(self[name] for name in self.syscall_argument_names)

    @syscall_arguments.setter
    def syscall_arguments(self, values: Sequence[int]) -> None:
        self._fill(self.syscall_argument_names, values)

    def _fill(self, names: Sequence[str], values: Sequence[int]) -> None:
        if len(values) > len(names):
            raise ValueError(f"{self.machine} passes {len(names)} in registers, not {len(values)}")
        changed = self.copy()
        for name, value in zip(names, values, strict=False):
            changed[name] = value
        self._data[:] = changed._data
