"""poll and select: waiting for several files.  The subject of sys_generic.c."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.file import FREAD, FWRITE, SELECT, Blocking, File, VnodeFile
from bsdproc.emulator.bsd.files import nofile
from bsdproc.emulator.bsd.state import Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import int32, space
from bsdproc.emulator.bsd.syscalls.width import narrow
from bsdproc.emulator.errno import EINTR, EINVAL, ERESTART, EWOULDBLOCK, Refused
from bsdproc.emulator.vnode import Dead

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.system import System

POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL = 0x1, 0x4, 0x8, 0x10, 0x20
POLLRDNORM = 0x40
POLLFD = struct.Struct("<ihh")
FD_SETSIZE = 1024


def revents(file: File, events: int) -> int:
    """What of the events has come about; a hangup unasked."""
    if isinstance(file, VnodeFile):     # vop_stdpoll: whatever it was opened for
        if isinstance(file.vnode, Dead):
            return events & (POLLIN | POLLRDNORM) | POLLHUP
        return events & (POLLIN | POLLOUT | POLLRDNORM)
    ready, found = file.ready(), 0
    if ready.read and file.flag & FREAD:
        found |= events & (POLLIN | POLLRDNORM)
    if ready.hangup:
        return found | POLLHUP
    if ready.write and file.flag & FWRITE:
        found |= events & POLLOUT
    return found


def wait(system: System, look: Callable[[], int], timeout: int | None) -> Blocking[int]:
    """Sleep until a look finds something or the time (ns) is over."""
    deadline = None if timeout is None else system.clock + timeout
    while True:
        found = look()
        if found or (deadline is not None and deadline <= system.clock):
            return found
        error = yield Sleep(SELECT, "select", deadline)
        if error == EWOULDBLOCK:
            return look()
        if error:
            raise Refused(EINTR if error == ERESTART else error)


def _timespec(td: Thread, address: int, unit: int) -> int | None:
    """struct timespec (unit 1) or timeval (1000) in ns; None for no limit."""
    if not address:
        return None
    form = struct.Struct("<ii" if narrow(td) else "<qq")
    sec, part = form.unpack(space(td).copyin(address, form.size))
    if sec < 0 or not 0 <= part < 10**9 // unit:
        raise Refused(EINVAL)
    return int(sec) * 10**9 + int(part) * unit


def _mask(td: Thread, address: int) -> None:
    """Another signal mask until the call is over."""
    if address:
        words = struct.unpack("<4I", space(td).copyin(address, 16))
        bits = sum(word << 32 * i for i, word in enumerate(words))
        mask = frozenset(sig for sig in range(1, signo.SIG_MAX + 1) if bits >> sig - 1 & 1)
        td.oldsigmask, td.sigmask = td.sigmask, mask - signo.CANNOT_MASK


def _poll(system: System, td: Thread, at: int, count: int,
          timeout: int | None) -> Blocking[int]:
    if count > max(FD_SETSIZE, nofile(td.proc)):
        raise Refused(EINVAL)
    asked = list(POLLFD.iter_unpack(space(td).copyin(at, POLLFD.size * count)))
    answers: list[int] = []

    def answer(fd: int, events: int) -> int:
        if fd < 0:
            return 0
        slot = td.proc.files.slots.get(fd)
        return revents(slot.file, events) if slot is not None and slot.watchable else POLLNVAL

    def look() -> int:
        answers[:] = [answer(fd, events) for fd, events, _ in asked]
        return sum(bool(events) for events in answers)

    found = yield from wait(system, look, timeout)
    for i, bits in enumerate(answers):
        space(td).copyout(at + i * POLLFD.size + 6, struct.pack("<h", bits))
    return found


def sys_poll(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    ms = int32(args[2])
    if ms < -1:
        raise Refused(EINVAL)
    return (yield from _poll(system, td, args[0], args[1] & 0xFFFFFFFF,
                             None if ms == -1 else ms * 10**6))


def sys_ppoll(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    timeout = _timespec(td, args[2], 1)
    _mask(td, args[3])
    return (yield from _poll(system, td, args[0], args[1] & 0xFFFFFFFF, timeout))


def _select(system: System, td: Thread, count: int, where: tuple[int, ...],
            timeout: int | None) -> Blocking[int]:
    """Three sets of descriptors: to read from, to write to, exceptional."""
    if count < 0:
        raise Refused(EINVAL)
    size = (min(count, FD_SETSIZE) + 63) // 64 * 8
    sets = [int.from_bytes(space(td).copyin(at, size), "little") if at else 0 for at in where]
    sets = [bits & (1 << count) - 1 for bits in sets]
    answers = [0, 0, 0]

    def look() -> int:
        found = [0, 0, 0]
        for fd in range(count):
            if not any(bits >> fd & 1 for bits in sets):
                continue
            ready = td.proc.files.watched(fd).ready()
            for i, yes in enumerate((ready.read, ready.write, False)):
                if yes and sets[i] >> fd & 1:
                    found[i] |= 1 << fd
        answers[:] = found
        return sum(bits.bit_count() for bits in found)

    found = yield from wait(system, look, timeout)
    for at, bits in zip(where, answers, strict=True):
        if at:
            space(td).copyout(at, bits.to_bytes(size, "little"))
    return found


def sys_select(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    timeout = _timespec(td, args[4], 1000)
    return (yield from _select(system, td, int32(args[0]), args[1:4], timeout))


def sys_pselect(system: System, td: Thread, args: tuple[int, ...]) -> Blocking[int]:
    timeout = _timespec(td, args[4], 1)
    _mask(td, args[5])
    return (yield from _select(system, td, int32(args[0]), args[1:4], timeout))


CALLS: dict[str, Entry] = {
    "select": ("select", 5, sys_select),
    "poll": ("poll", 3, sys_poll),
    "pselect": ("pselect", 6, sys_pselect),
    "ppoll": ("ppoll", 4, sys_ppoll),
}
