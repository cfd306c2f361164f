"""The system calls of i386 programs: the same, but for those that take 64-bit
arguments, which come in two words.  freebsd32_misc.c and its table.

Structures that differ are the calls' own matter (`width.narrow`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from types import GeneratorType
from typing import TYPE_CHECKING

from bsdproc.emulator.bsd.syscalls.args import UserSpace, signed, space_of
from bsdproc.emulator.errno import EINVAL, Refused
from bsdproc.emulator.freebsd.procctl import sys_procctl
from bsdproc.emulator.freebsd.syscalls import Entry, Function

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Sleep, Thread
    from bsdproc.emulator.freebsd.system import System

Args = tuple[int, ...]

PAIRS: Mapping[int, tuple[int, ...]] = {
    393: (2,),      # sendfile(fd, socket, offset, size, frame, sent, flags)
    475: (3,),      # pread(fd, buffer, size, offset)
    476: (3,),      # pwrite
    477: (5,),      # mmap(address, size, protection, flags, fd, offset)
    478: (1,),      # lseek(fd, offset, whence)
    479: (1,),      # truncate(path, length)
    480: (1,),      # ftruncate(fd, length)
    485: (1,),      # cpuset_setid(which, id, setid)
    486: (2,),      # cpuset_getid(level, which, id, setid)
    487: (2,),      # cpuset_getaffinity(level, which, id, size, mask)
    488: (2,),      # cpuset_setaffinity
    559: (3,),      # mknodat(fd, path, mode, device)
    561: (2,),      # cpuset_getdomain(level, which, id, size, mask, policy)
    562: (2,),      # cpuset_setdomain
    532: (1,),      # wait6(idtype, id, status, options, usage, siginfo)
}
"""Which arguments of a call are 64-bit ones, by number."""
WIDE_RESULTS = frozenset({478})
"""Calls whose result is: its halves go to two registers."""
SYS_PROCCTL = 544


def table(calls: Mapping[int, Entry]) -> dict[int, Entry]:
    """An i386 program's system calls, out of amd64's."""
    narrow = dict(calls)
    for number, pairs in PAIRS.items():
        name, narg, work = calls[number]
        narrow[number] = (name, narg + len(pairs), _joined(work, pairs, number in WIDE_RESULTS))
    narrow[SYS_PROCCTL] = ("procctl", 5, _procctl)
    return narrow


def _joined(work: Function, pairs: tuple[int, ...], wide: bool) -> Function:
    def call(system: System, td: Thread, args: Args) -> object:
        whole = list(args)
        for at in pairs:
            whole[at:at + 2] = [whole[at] | whole[at + 1] << 32]
        result = work(system, td, tuple(whole))
        if not wide:
            return result
        if isinstance(result, GeneratorType):
            return _halves_later(result)
        return _halves(result)
    return call


def _halves_later(work: Generator[Sleep | None, int, int]
                  ) -> Generator[Sleep | None, int, tuple[int, int]]:
    return _halves((yield from work))


def _halves(result: int) -> tuple[int, int]:
    return result & 0xFFFFFFFF, result >> 32 & 0xFFFFFFFF


def _procctl(system: System, td: Thread, args: Args) -> int:
    from bsdproc import abi

    idtype, low, high, command, data = args[:5]
    id = low | high << 32
    if id >> 31 not in (0, (1 << 33) - 1):
        raise Refused(EINVAL)
    return sys_procctl(system, td, signed(idtype), signed(low), signed(command), data,
                       UserSpace(space_of(td)), abi.target("freebsd", "i386"))
