"""The system calls about jails: parameters as pairs of names and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.syscalls.args import signed
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd import jail
from bsdproc.emulator.freebsd.syscalls.ids import SystemCall, user_memory

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.caller import UserMemory
    from bsdproc.emulator.freebsd.system import System

Args = Sequence[int]

SIZE_MAX = 64 * 1024
"""Of all names and values of one call."""


def _iovec(mem: UserMemory, where: int, count: int) -> list[tuple[int, int]]:
    """Address and length of each."""
    if count < 2 or count % 2 or count > 1024:
        raise Refused(EINVAL)
    data = mem.copyin(where, 16 * count)
    words = [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data), 8)]
    pairs = list(zip(words[::2], words[1::2], strict=True))
    if sum(size for _, size in pairs) > SIZE_MAX:
        raise Refused(EINVAL)
    return pairs


def _parameters(
    mem: UserMemory, where: int, count: int
) -> tuple[dict[str, bytes], dict[str, tuple[int, int]]]:
    """The values by name, and where each value lies.  A value without an
    address is one that is only asked for."""
    vectors = _iovec(mem, where, count)
    values: dict[str, bytes] = {}
    places: dict[str, tuple[int, int]] = {}
    for (name_at, name_size), value in zip(vectors[::2], vectors[1::2], strict=True):
        name = mem.copyin(name_at, name_size)
        if not name.endswith(b"\0"):
            raise Refused(EINVAL)
        key = name.split(b"\0")[0].decode("utf-8", "surrogateescape")
        values[key] = mem.copyin(*value)
        places[key] = value
    return values, places


def sys_jail_set(system: System, td: Thread, args: Args) -> int:
    values, _ = _parameters(user_memory(td), args[0], args[1] & 0xFFFFFFFF)
    return jail.jail_set(system, td, values, signed(args[2]))


def sys_jail_get(system: System, td: Thread, args: Args) -> int:
    """EINVAL where a value is longer than its place."""
    mem = user_memory(td)
    values, places = _parameters(mem, args[0], args[1] & 0xFFFFFFFF)
    jid, answers = jail.jail_get(system, td, values, signed(args[2]))
    if any(places[name][1] < len(value) for name, value in answers.items()):
        raise Refused(EINVAL)
    for name, value in answers.items():
        mem.copyout(places[name][0], value)
    return jid


def sys_jail_attach(system: System, td: Thread, args: Args) -> int:
    jail.jail_attach(system, td, signed(args[0]))
    return 0


def sys_jail_remove(system: System, td: Thread, args: Args) -> int:
    jail.jail_remove(system, td, signed(args[0]))
    return 0


SYSCALLS: dict[int, tuple[str, int, SystemCall]] = {
    436: ("jail_attach", 1, sys_jail_attach),
    506: ("jail_get", 3, sys_jail_get),
    507: ("jail_set", 3, sys_jail_set),
    508: ("jail_remove", 1, sys_jail_remove),
}
"""Number → name, number of arguments, function."""
