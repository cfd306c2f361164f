"""What reading or writing a node does: the subject of `procfs_rw` and what it calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from bsdproc.emulator.errno import (
    EBUSY,
    EINVAL,
    EMSGSIZE,
    EOPNOTSUPP,
    EPERM,
    Refused,
    RefusedAfter,
)
from bsdproc.emulator.machine.physical import PAGE
from bsdproc.emulator.netbsd.procfs import linux, texts
from bsdproc.emulator.vnode import Vnode

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.procfs.view import Host, Lwp, Process

NOTELEN = 64
MAXBSIZE = 64 * 1024
"""What uvm_io moves at once."""
POINTER_DIGITS = 16


class Look(NamedTuple):
    """Somebody looks at a process."""

    host: Host
    asker: Process
    process: Process
    lwp: Lwp


# -- texts ------------------------------------------------------------------------
def map_text(look: Look) -> bytes:
    return texts.lines(entry.map_line() for entry in look.process.map())


def maps_text(look: Look) -> bytes:
    """Files with their number, device and path, as the reader sees it."""
    def line(entry: texts.MapEntry) -> str:
        device, ino, path = (0, 0), 0, ""
        if isinstance(entry.file, Vnode):
            attributes = entry.file.attributes()
            device, ino = look.host.device(attributes.fsid), attributes.ino
            path = look.host.file_path(entry.file, look.asker)
        return entry.maps_line(POINTER_DIGITS, device, ino, path)

    return texts.lines(line(entry) for entry in look.process.map())


READ_ONLY: dict[str, Callable[[Look], bytes]] = {
    "status": lambda look: look.process.status().text(),
    "map": map_text,
    "maps": maps_text,
    "cmdline": lambda look: look.process.arguments(),
    "environ": lambda look: look.process.environment(),
    "auxv": lambda look: look.process.auxv(),
    "limit": lambda look: texts.limit(look.process.limits()),
    "limits": lambda look: texts.limits(look.process.limits()),
}
"""Writing to these is EOPNOTSUPP."""

EITHER_WAY: dict[str, Callable[[Look], bytes]] = {
    "emul": lambda look: look.process.emul.encode(),
    "stat": lambda look: look.process.pid_stat().line(),
    "statm": lambda look: look.process.statm().line(),
    "meminfo": lambda look: linux.meminfo(look.host.memory()),
    "cpuinfo": lambda look: linux.cpuinfo(look.host.cpu()),
    "devices": lambda look: linux.devices(look.host.devices()),
    "cpustat": lambda look: linux.cpustat(look.host.ticks()),
    "uptime": lambda look: linux.uptime(look.host.ticks()),
    "loadavg": lambda look: linux.loadavg(look.host.load(), look.host.nprocs),
    "version": lambda look: linux.version(look.host.version()),
    "mounts": lambda look: linux.mounts(look.host.mounts(look.asker)),
    "sysvipc_msg": lambda look: linux.sysvipc_msg(look.host.messages()),
    "sysvipc_sem": lambda look: linux.sysvipc_sem(look.host.semaphores()),
    "sysvipc_shm": lambda look: linux.sysvipc_shm(look.host.shared_memory()),
}
"""uiomove_frombuf without a look at the direction: a write is taken, as far as the text
reaches, and nothing becomes of it."""


def _queue_limit(name: str) -> Callable[[Look], bytes]:
    return lambda look: b"%d\n" % getattr(look.host.message_queue(), name)


EITHER_WAY |= {f"mqueue_{name}": _queue_limit(name) for name in (
    "msg_default", "msg_max", "msgsize_default", "msgsize_max", "queues_max")}


# -- memory -----------------------------------------------------------------------
def _pieces(look: Look, offset: int, size: int) -> list[tuple[int, int]]:
    """The parts that uvm_io moves one after the other, up to the end of user space."""
    end = min(offset + size, look.process.memory_end)
    found = []
    while offset < end:
        piece = min(end, offset - offset % PAGE + MAXBSIZE)
        found.append((offset, piece - offset))
        offset = piece
    return found


def read_mem(look: Look, offset: int, size: int) -> bytes:
    """process_domem: all of it, or EINVAL."""
    return b"".join(look.process.read_memory(*piece) for piece in _pieces(look, offset, size))


def write_mem(look: Look, offset: int, data: bytes) -> int:
    """Pieces before one that is not mapped are written all the same."""
    done = 0
    for at, size in _pieces(look, offset, len(data)):
        look.process.write_memory(at, data[done : done + size])
        done += size
    return done


# -- registers ----------------------------------------------------------------------
def read_registers(get: Callable[[], bytes], offset: int, size: int) -> bytes:
    """process_doregs and process_dofpregs: EINVAL beyond the end, nothing at it."""
    data = get()
    if offset > len(data):
        raise Refused(EINVAL)
    return data[offset : offset + size]


def write_registers(look: Look, get: Callable[[], bytes], set: Callable[[bytes], None],
                    offset: int, data: bytes) -> int:
    """Only of a stopped LWP: EBUSY."""
    whole = get()
    if offset > len(whole):
        raise Refused(EINVAL)
    data = data[: len(whole) - offset]
    if not look.lwp.stopped:
        raise RefusedAfter(EBUSY, len(data))
    try:
        set(whole[:offset] + data + whole[offset + len(data) :])
    except Refused as refused:
        raise RefusedAfter(refused.errno, len(data)) from None
    return len(data)


# -- notes --------------------------------------------------------------------------
def take_note(offset: int, data: bytes) -> int:
    """procfs_donote: a note is taken in and refused."""
    if offset != 0:
        raise Refused(EINVAL)
    if len(data) > NOTELEN:
        raise Refused(EMSGSIZE)
    raise RefusedAfter(EOPNOTSUPP, len(data))


# -- all of them ----------------------------------------------------------------------
def read(look: Look, key: str, offset: int, size: int) -> bytes:
    """What reading `size` bytes at `offset` of that node gives."""
    text = READ_ONLY.get(key) or EITHER_WAY.get(key)
    if text is not None:
        return text(look)[offset : offset + size]
    if key == "mem":
        return read_mem(look, offset, size)
    if key == "regs":
        return read_registers(look.lwp.getregs, offset, size)
    if key == "fpregs":
        return read_registers(look.lwp.getfpregs, offset, size)
    if key in ("note", "notepg"):
        raise Refused(EINVAL)
    raise Refused(EOPNOTSUPP)


def write(look: Look, key: str, offset: int, data: bytes) -> int:
    """How many bytes that node takes at `offset`."""
    if key in EITHER_WAY:
        return max(0, min(len(data), len(EITHER_WAY[key](look)) - offset))
    if key == "mem":
        return write_mem(look, offset, data)
    if key == "regs":
        return write_registers(look, look.lwp.getregs, look.lwp.setregs, offset, data)
    if key == "fpregs":
        return write_registers(look, look.lwp.getfpregs, look.lwp.setfpregs, offset, data)
    if key in ("note", "notepg"):
        return take_note(offset, data)
    raise Refused(EOPNOTSUPP)


def authorize(host: Host, asker: Process, process: Process, guarded: bool, write: bool) -> None:
    """KAUTH_PROCESS_PROCFS: EPERM.

    The registers and the memory are its own real user's, unless it was set-id, and root's.
    While the system is secured nobody writes to init.
    """
    if write and process.init and host.securelevel > -1:
        raise Refused(EPERM)
    if guarded and asker.cred.uid != 0 and (
            asker.cred.ruid != process.cred.ruid or process.sugid):
        raise Refused(EPERM)
