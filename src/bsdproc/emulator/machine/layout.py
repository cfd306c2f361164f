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
_NOPS_AND_SYSCALL = bytes.fromhex("9090909090" "0f05")
_STORE = bytes.fromhex("48b8 0000 0000 ff7f 0000" "8900")  # mov $0x7fff00000000, %rax; mov ..
PROGRAM = _NOPS_AND_SYSCALL + _STORE
_POINTER = struct.calcsize("P")


@dataclass(frozen=True, slots=True)
class Layout:
    """Offsets in bytes: two in Unicorn's own structure, the others in a saved context."""

    counter: int
    """Instructions that the last run began, as size_t."""
    limit: int
    """How many it may; one more and it stops.  Also a size_t."""
    error_code: int
    """Of the last exception, as int."""
    is_int: int
    """Whether an INT instruction made it."""
    old_exception: int
    """The exception in flight: -1 for none."""


def measure(
    *,
    debug_register: Callable[[int, int], None],
    run: Callable[[int, int], int],
    state: Callable[[], bytes],
    own: Callable[[], bytes],
) -> Layout | None:
    """Look for them; None when they are not where such a state can have them.

    `run` executes PROGRAM from an offset with a limit and returns the vector
    of the exception or -1; the address that it stores to is not mapped.
    """
    for index in range(4):
        debug_register(index, _MAGIC + index)
    at = state().find(struct.pack("<4Q", *(_MAGIC + i for i in range(4))))
    for index in range(4):
        debug_register(index, 0)
    if at < 16:
        return None
    run(0, _COUNT)
    pair = struct.pack("@2N", len(_NOPS_AND_SYSCALL) - 1, _COUNT)
    counter = own().find(pair)
    # In order: error code, is-int and next address, eight debug registers,
    # four pointers to their breakpoints, the exception in flight.
    layout = Layout(counter, counter + len(pair) // 2, at - 16, at - 12, at + 64 + 4 * _POINTER)
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
