"""Places in Unicorn's state that its interface does not show.

They are found by values that only we can have put there, then tried, when a
process makes its first engine.  A Unicorn that keeps its state in another
way is refused by name instead of being misread.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

_MAGIC = 0x5EED_1E55_0DD5_EED5
_COUNT = 0x2B3C_4D5E
_FLAGS = 0x8C5  # overflow, sign, zero, parity, carry
_NOPS_AND_SYSCALL = bytes.fromhex("9090909090" "0f05")
_STORE = bytes.fromhex("48b8 0000 0000 ff7f 0000" "8900")  # mov $0x7fff00000000, %rax; mov ..
PROGRAM = _NOPS_AND_SYSCALL + _STORE
_POINTER = struct.calcsize("P")
_HIGH = tuple(f"r{8 + i}" for i in range(8))

REGISTERS = struct.Struct("<16Q2Q3QIi")
"""General registers by number, rip and flags; operands and kind of the last flag
computation; the direction flag as 1 or -1."""
SOURCE, KIND, DIRECTION = 19, 21, 22
"""Their places: the second operand is the flags themselves when the kind says so."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets in bytes: two in Unicorn's own structure, the others in a saved context."""

    counter: int
    """Instructions that the last run began, as size_t."""
    limit: int
    """How many it may; one more and it stops.  Also a size_t."""
    registers: int
    """REGISTERS."""
    flags_kind: int
    """The kind of flag computation that means: they are computed."""
    error_code: int
    """Of the last exception, as int."""
    is_int: int
    """Whether an INT instruction made it."""
    old_exception: int
    """The exception in flight: -1 for none."""


def measure(
    *,
    register: Callable[[str, int], None],
    run: Callable[[int, int], int],
    state: Callable[[], bytes],
    own: Callable[[], bytes],
) -> Layout | None:
    """Look for them; None when they are not where such a state can have them.

    `register` writes one.  `run` executes PROGRAM from an offset with a limit
    and returns the vector of the exception or -1; the address that it stores
    to is not mapped.
    """
    words = struct.pack("<8Q", *(_MAGIC + i for i in range(8)))
    for names in (_HIGH, ("dr0", "dr1", "dr2", "dr3")):
        for index, name in enumerate(names):
            register(name, _MAGIC + index)
    register("rflags", 0x202 | _FLAGS)
    saved = state()
    high = saved.find(words)
    debug = saved.find(words[:32], high + 64)
    registers = high - 8 * 8
    for name in (*_HIGH, "dr0", "dr1", "dr2", "dr3"):
        register(name, 0)
    if high < 64 or debug < 16:
        return None
    values = REGISTERS.unpack_from(saved, registers)
    if values[SOURCE] != _FLAGS or values[DIRECTION] != 1:
        return None
    run(0, _COUNT)
    pair = struct.pack("@2N", len(_NOPS_AND_SYSCALL) - 1, _COUNT)
    counter = own().find(pair)
    # In order: error code, is-int and next address, eight debug registers,
    # four pointers to their breakpoints, the exception in flight.
    layout = Layout(
        counter=counter,
        limit=counter + len(pair) // 2,
        registers=registers,
        flags_kind=values[KIND],
        error_code=debug - 16,
        is_int=debug - 12,
        old_exception=debug + 64 + 4 * _POINTER,
    )
    before = _exception(state(), layout)
    vector = run(len(_NOPS_AND_SYSCALL), _COUNT)
    after = _exception(state(), layout)
    if counter < 0 or before[2] != -1 or vector != 14 or after != (6, 0, 14):
        return None
    return layout


def _exception(state: bytes, layout: Layout) -> tuple[int, int, int]:
    read = struct.Struct("@i").unpack_from
    return (
        read(state, layout.error_code)[0],
        read(state, layout.is_int)[0],
        read(state, layout.old_exception)[0],
    )
