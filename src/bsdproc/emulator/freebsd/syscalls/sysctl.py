"""__sysctl and __sysctlbyname."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.syscalls.args import space
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd import ktrace
from bsdproc.emulator.freebsd.sysctl import CTL_MAXNAME, MAXPATHLEN, ask, name2mib

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Thread
    from bsdproc.emulator.freebsd.syscalls import Entry
    from bsdproc.emulator.freebsd.system import System


def _ask(system: System, td: Thread, mib: tuple[int, ...], old: int, old_size: int, new: int,
         new_size: int) -> None:
    """userland_sysctl: old value and its size go out even when it was too
    long (ENOMEM)."""
    memory, form = space(td), struct.Struct("<I" if narrow(td) else "<Q")
    room = form.unpack(memory.copyin(old_size, form.size))[0] if old_size else 0
    value = memory.copyin(new, new_size) if new else None
    if td.proc in system.ktraced:
        ktrace.sysctl(system, td, mib)
    answer = ask(system, td, mib, room if old else None, value, old)
    if old:
        memory.copyout(old, answer.data)
    if old_size:
        memory.copyout(old_size, form.pack(answer.size))
    if answer.errno:
        raise Refused(answer.errno)


def sys_sysctl(system: System, td: Thread, args: tuple[int, ...]) -> None:
    name, count, old, old_size, new, new_size = args[:6]
    count &= 0xFFFFFFFF
    if not 2 <= count <= CTL_MAXNAME:
        raise Refused(EINVAL)
    mib = struct.unpack(f"<{count}i", space(td).copyin(name, 4 * count))
    _ask(system, td, mib, old, old_size, new, new_size)


def sys_sysctlbyname(system: System, td: Thread, args: tuple[int, ...]) -> None:
    name, length, old, old_size, new, new_size = args[:6]
    if not 0 < length <= MAXPATHLEN:
        raise Refused(EINVAL)
    text = space(td).copyin(name, length).split(b"\0")[0].decode("utf-8", "replace")
    _ask(system, td, name2mib(text), old, old_size, new, new_size)


SYSCALLS: dict[int, Entry] = {
    202: ("__sysctl", 6, sys_sysctl),
    570: ("__sysctlbyname", 6, sys_sysctlbyname),
}
