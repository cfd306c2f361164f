"""A process's nodes, read and written."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final

from bsdproc.netbsd import _call, _check
from bsdproc.netbsd import auxv as vector
from bsdproc.netbsd.constants.kinfo import Limit
from bsdproc.netbsd.procfs.nodes import NODES
from bsdproc.netbsd.procfs.texts import (
    LinuxLimit,
    MapEntry,
    MapsEntry,
    Stat,
    Statm,
    Status,
    parse_emul,
    parse_limit,
    parse_limits,
    parse_map,
    parse_maps,
    parse_stat,
    parse_statm,
    parse_status,
    parse_strings,
)
from bsdproc.netbsd.registers import FLOATING, GENERAL, FpRegisters, Registers
from bsdproc.typed import procfs as plumbing
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.procfs import ROOT, FdEntry, NodeStat

if TYPE_CHECKING:
    from bsdproc.kernel.errors import KernelError
    from bsdproc.kernel.port import Kernel

_ROOM: Final = 1 << 18
"""Bytes of the longest text; a kernel before NetBSD 7 gives a text to one read alone."""
_MOST: Final = 1 << 20
NOTE_MAX: Final = 64
"""Bytes of the longest note (PROCFS_NOTELEN)."""


def _why(kernel: Kernel, name: str, error: KernelError) -> str | None:
    from bsdproc.netbsd.reasons import of_node

    return of_node(kernel, NODES.get(f"PID/{name}"), error)


_explained: Final = plumbing.Explained(_why)
_whole = _explained(plumbing.read)
_read_at = _explained(plumbing.read_at)
_write = _explained(plumbing.write)
_link = _explained(plumbing.readlink)
_names = _explained(plumbing.listdir)
_get = _explained(plumbing.get)
_put = _explained(plumbing.put)
_stat = _explained(plumbing.stat)


def _read(kernel: Kernel | None, root: str, pid: int | None, name: str) -> bytes:
    return _whole(_call.netbsd(kernel), root, pid, name, _MOST, _ROOM)


def nodes(pid: int | None = None, *, root: str = ROOT,
          kernel: Kernel | None = None) -> tuple[str, ...]:
    """The names in a process's directory: those that the mount shows."""
    return tuple(_names(_call.netbsd(kernel), root, pid, ""))


def node_stat(pid: int | None = None, name: str = "", *, root: str = ROOT,
              kernel: Kernel | None = None) -> NodeStat:
    """A node as it is now, or the process's directory: lstat(2).

    `node_modes` says what they are as a rule; mem, regs and fpregs have no rights for
    the owner when the process has changed its credentials."""
    return _stat(_call.netbsd(kernel), root, pid, name)


# -- texts ------------------------------------------------------------------------------


def status(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> Status:
    """status: name, ids, times and credentials."""
    return parse_status(_read(kernel, root, pid, "status"))


def stat(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> Stat:
    """stat: in Linux's form.  `Hidden` without -o linux."""
    return parse_stat(_read(kernel, root, pid, "stat"))


def statm(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> Statm:
    """statm: sizes in pages, in Linux's form.  `Hidden` without -o linux."""
    return parse_statm(_read(kernel, root, pid, "statm"))


def map(pid: int | None = None, *, root: str = ROOT,
        kernel: Kernel | None = None) -> tuple[MapEntry, ...]:
    """map: the address space, by rising address.

    `KernelError` (ENOMEM) where the text would have more than 256 KiB: 5000 mappings or
    so.  The next read of such a node hangs for ever on NetBSD 6."""
    return parse_map(_read(kernel, root, pid, "map"))


def maps(pid: int | None = None, *, root: str = ROOT,
         kernel: Kernel | None = None) -> tuple[MapsEntry, ...]:
    """maps: the address space with the files behind it, in Linux's form; see `map`."""
    return parse_maps(_read(kernel, root, pid, "maps"))


def cmdline(pid: int | None = None, *, root: str = ROOT,
            kernel: Kernel | None = None) -> tuple[str, ...]:
    """cmdline: arguments, or the title that it set; "(system)" of a kernel process."""
    return parse_strings(_read(kernel, root, pid, "cmdline"))


def environ(pid: int | None = None, *, root: str = ROOT,
            kernel: Kernel | None = None) -> tuple[str, ...]:
    """environ: the environment, as it stands in its memory: "NAME=value"."""
    return parse_strings(_read(kernel, root, pid, "environ"))


def auxv(pid: int | None = None, *, root: str = ROOT,
         kernel: Kernel | None = None) -> tuple[vector.AuxEntry, ...]:
    """auxv: what the kernel told its program at the start."""
    kernel = _call.netbsd(kernel)
    return vector.parse(kernel.machine, _read(kernel, root, pid, "auxv"))


def limit(pid: int | None = None, *, root: str = ROOT,
          kernel: Kernel | None = None) -> dict[Limit | str, Rlimit]:
    """limit: the resource limits, in getrlimit(2)'s units, in the kernel's order."""
    return parse_limit(_read(kernel, root, pid, "limit"))


def limits(pid: int | None = None, *, root: str = ROOT,
           kernel: Kernel | None = None) -> dict[str, LinuxLimit]:
    """limits: the same in Linux's form.  `Hidden` without -o linux."""
    return parse_limits(_read(kernel, root, pid, "limits"))


def emul(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """emul: the process's ABI, "netbsd" or "linux"."""
    return parse_emul(_read(kernel, root, pid, "emul"))


# -- links and directories ----------------------------------------------------------------


def exe(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """exe: the program's path; "/" where the kernel has lost it, or it is outside of the
    reader's root directory."""
    return _link(_call.netbsd(kernel), root, pid, "exe")


def cwd(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """cwd: the working directory; "/" where it is lost, as for `exe`."""
    return _link(_call.netbsd(kernel), root, pid, "cwd")


def chroot(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """root: the process's root directory; "/" also where it is lost, as for `exe`."""
    return _link(_call.netbsd(kernel), root, pid, "root")


def file(pid: int | None, size: int, offset: int = 0, *, root: str = ROOT,
         kernel: Kernel | None = None) -> bytes:
    """file: up to `size` bytes of the program itself, from `offset`.

    The node is the program's own vnode, also when its name is gone, and takes the
    program's permissions."""
    return _read_at(_call.netbsd(kernel), root, pid, "file",
                    _check.unsigned(offset, 63, "offset"), _check.length(size))


def task(pid: int | None = None, *, root: str = ROOT,
         kernel: Kernel | None = None) -> tuple[int, ...]:
    """task: the names in it.  NetBSD has one, the process itself, a link to "..".

    `Hidden` without -o linux."""
    found = _names(_call.netbsd(kernel), root, pid, "task")
    return tuple(sorted(int(name) for name in found if plumbing.is_number(name)))


def fd(pid: int | None = None, *, root: str = ROOT,
       kernel: Kernel | None = None) -> dict[int, FdEntry]:
    """fd: open descriptors, each with what it is.

    A kqueue is a link that says "[kqueue]" and has the kind "kqueue"; "misc" and "ksem"
    are the same way.  The kernel's list ends two places early: the last two of the
    descriptor table's (18 and 19 of the first 20) are open and never listed; `fd_entry`
    finds them by name.  `Forbidden` for another user's process."""
    found = plumbing.fd(_call.netbsd(kernel), root, pid)
    return {number: _named(entry) for number, entry in found.items()}


def fd_entry(pid: int | None, number: int, *, root: str = ROOT,
             kernel: Kernel | None = None) -> FdEntry:
    """fd/N: what one descriptor is.

    `Hidden` for one that is not open, `KernelError` (EOPNOTSUPP) for types without a
    node: message queues, eventfds."""
    kernel = _call.netbsd(kernel)
    return _named(plumbing.fd_entry(kernel, root, pid, _check.length(number, "number")))


def _named(entry: FdEntry) -> FdEntry:
    said = entry.target or ""
    if said.startswith("[") and said.endswith("]"):
        return FdEntry(said[1:-1], said)
    return entry


# -- notes and commands ---------------------------------------------------------------------


def note(pid: int, data: bytes, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """note: send it a note.  NetBSD has never delivered one (EOPNOTSUPP)."""
    return _write(_call.netbsd(kernel), root, pid, "note", _note(data))


def notepg(pid: int, data: bytes, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """notepg: the same for its process group (EOPNOTSUPP)."""
    return _write(_call.netbsd(kernel), root, pid, "notepg", _note(data))


def _note(data: bytes) -> bytes:
    if len(data) > NOTE_MAX:
        raise ValueError(f"a note has up to {NOTE_MAX} bytes, not {len(data)}")
    return _check.octets(data)


class CtlCommand(Enum):
    """What ctl took, up to NetBSD 7."""

    ATTACH = "attach"
    DETACH = "detach"
    STEP = "step"
    RUN = "run"
    WAIT = "wait"


def ctl(pid: int, command: CtlCommand, *, root: str = ROOT,
        kernel: Kernel | None = None) -> None:
    """ctl: a command of procfs's own debugging.  `Hidden` from NetBSD 8 on, which has no
    such node.

    attach needs root, and ptrace(2) does it for everybody.  The node took signals' names
    as well, and one makes a kernel panic that was built with DIAGNOSTIC: they are not
    sent (`TypeError`); kill(2) does that."""
    if not isinstance(command, CtlCommand):
        raise TypeError(f"command must be a CtlCommand, not {command!r}: a signal's name "
                        "makes a DIAGNOSTIC kernel panic, and kill(2) sends signals")
    _write(_call.netbsd(kernel), root, pid, "ctl", command.value.encode())


# -- memory and registers -----------------------------------------------------------------


def read_mem(pid: int | None, address: int, size: int, *, root: str = ROOT,
             kernel: Kernel | None = None) -> bytes:
    """mem: up to `size` bytes from `address`.

    The process need not be stopped.  `KernelError` (EINVAL) where any page of the range
    is not mapped, b"" beyond the user's addresses.  Addresses are those that a file
    offset can be, below 2**63."""
    kernel = _call.netbsd(kernel)
    return _read_at(kernel, root, pid, "mem", _check.unsigned(address, 63, "address"),
                    _check.length(size))


def write_mem(pid: int | None, address: int, data: bytes, *, root: str = ROOT,
              kernel: Kernel | None = None) -> int:
    """mem: write at `address`, also to pages without rights; how many bytes were written."""
    kernel = _call.netbsd(kernel)
    return _write(kernel, root, pid, "mem", _check.octets(data),
                  _check.unsigned(address, 63, "address"))


def regs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> Registers:
    """regs: general registers of a process's first LWP, also while it runs."""
    kernel = _call.netbsd(kernel)
    return _get(kernel, root, pid, "regs", GENERAL[kernel.machine])


def set_regs(pid: int | None, registers: Registers, *, root: str = ROOT,
             kernel: Kernel | None = None) -> None:
    """regs: set them, of a stopped process (EBUSY for one that runs)."""
    kernel = _call.netbsd(kernel)
    _put(kernel, root, pid, "regs", registers, GENERAL[kernel.machine])


def fpregs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> FpRegisters:
    """fpregs: floating-point registers, as `regs`."""
    kernel = _call.netbsd(kernel)
    return _get(kernel, root, pid, "fpregs", FLOATING[kernel.machine])


def set_fpregs(pid: int | None, registers: FpRegisters, *, root: str = ROOT,
               kernel: Kernel | None = None) -> None:
    """fpregs: set them, of a stopped process."""
    kernel = _call.netbsd(kernel)
    _put(kernel, root, pid, "fpregs", registers, FLOATING[kernel.machine])
