"""The nodes of procfs(5), read and written."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from bsdproc.dragonfly import _call, _check
from bsdproc.dragonfly.constants.kinfo import KernProc, Limit, Sysctl
from bsdproc.dragonfly.procfs.texts import (
    MapEntry,
    Status,
    parse_cmdline,
    parse_etype,
    parse_map,
    parse_number,
    parse_rlimit,
    parse_status,
)
from bsdproc.dragonfly.registers import (
    X86_64DebugRegisters,
    X86_64FpRegisters,
    X86_64Registers,
)
from bsdproc.typed import procfs as plumbing
from bsdproc.typed.limits import Rlimit
from bsdproc.typed.procfs import ROOT, NodeMode
from bsdproc.typed.texts import encoded

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_SHORT: Final = 1 << 14
"""More than the kernel has for a line of status, limits or arguments."""
_LONG: Final = 1 << 26
"""A map has a line for each mapping, and no bound."""
_COMM: Final = 16
"""Bytes of a program's name in the kernel (MAXCOMLEN)."""

NODES: Final[Mapping[str, NodeMode]] = MappingProxyType({
    "mem": NodeMode("file", 0o600),
    "regs": NodeMode("file", 0o600),
    "fpregs": NodeMode("file", 0o600),
    "dbregs": NodeMode("file", 0o600),
    "ctl": NodeMode("file", 0o200),
    "status": NodeMode("file", 0o444),
    "note": NodeMode("file", 0o200),
    "notepg": NodeMode("file", 0o200),
    "map": NodeMode("file", 0o444),
    "etype": NodeMode("file", 0o444),
    "cmdline": NodeMode("file", 0o444),
    "rlimit": NodeMode("file", 0o444),
    "file": NodeMode("link", 0o555),
})
"""A process's directory, in the kernel's order; its owner is the effective user and group."""


def node_modes() -> Mapping[str, NodeMode]:
    """The nodes of a process's directory, with their kinds and modes.  procfs(5)."""
    return NODES


# -- the root ---------------------------------------------------------------------------


def pids(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[int, ...]:
    """The processes that have a directory: those of the caller's jail, no zombies.  procfs(5)."""
    return plumbing.pids(_call.dragonfly(kernel), root)


def curproc(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """curproc: the calling process, as its link says.  procfs(5)."""
    link = _call.dragonfly(kernel).readlink(f"{root}/curproc")
    return parse_number(encoded(link))


def nodes(pid: int | None = None, *, root: str = ROOT,
          kernel: Kernel | None = None) -> tuple[str, ...]:
    """The names in a process's directory.  procfs(5)."""
    return tuple(plumbing.listdir(_call.dragonfly(kernel), root, pid))


# -- texts ----------------------------------------------------------------------------------


def status(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> Status:
    """status: names, ids, times and credentials.  procfs(5)."""
    return parse_status(plumbing.read(_call.dragonfly(kernel), root, pid, "status", _SHORT))


def map(pid: int | None = None, *, root: str = ROOT,
        kernel: Kernel | None = None) -> tuple[MapEntry, ...]:
    """map: the address space, by rising address.  Kernel addresses are shown to everybody.

    `Hidden` for process 0 and init.  procfs(5)."""
    return parse_map(plumbing.read(_call.dragonfly(kernel), root, pid, "map", _LONG))


def rlimit(pid: int | None = None, *, root: str = ROOT,
           kernel: Kernel | None = None) -> dict[Limit | str, Rlimit]:
    """rlimit: the resource limits, in getrlimit(2)'s units, in the kernel's order.  procfs(5)."""
    return parse_rlimit(plumbing.read(_call.dragonfly(kernel), root, pid, "rlimit", _SHORT))


def cmdline(pid: int | None = None, *, root: str = ROOT,
            kernel: Kernel | None = None) -> tuple[str, ...]:
    """cmdline: arguments, or the title that it set; the program's name alone where the
    kernel does not keep its arguments (more than kern.ps_arg_cache_limit bytes, or
    another user's while kern.ps_argsopen is 0).  procfs(5)."""
    kernel = _call.dragonfly(kernel)
    data = plumbing.read(kernel, root, pid, "cmdline", _SHORT)
    if len(data) == _COMM:
        number = kernel.getpid() if pid is None else pid
        mib = (int(Sysctl.CTL_KERN), int(Sysctl.KERN_PROC), int(KernProc.KERN_PROC_ARGS), number)
        if not kernel.sysctl(mib):
            data = data.partition(b"\0")[0]
    return parse_cmdline(data)


def etype(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """etype: the program's ABI: "DragonFly ELF64".  `Hidden` for process 0 and init.  procfs(5)."""
    return parse_etype(plumbing.read(_call.dragonfly(kernel), root, pid, "etype", _SHORT))


def file(pid: int | None = None, *, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """file: the program.  procfs(5)."""
    return plumbing.readlink(_call.dragonfly(kernel), root, pid, "file")


def note(pid: int, data: bytes, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """note: send it a note.  DragonFly has never delivered one (EOPNOTSUPP).  procfs(5)."""
    return plumbing.write(_call.dragonfly(kernel), root, pid, "note", _check.octets(data))


def notepg(pid: int, data: bytes, *, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """notepg: the same for its process group (EOPNOTSUPP).  procfs(5)."""
    return plumbing.write(_call.dragonfly(kernel), root, pid, "notepg", _check.octets(data))


# -- memory and registers -----------------------------------------------------------------


def read_mem(pid: int | None, address: int, size: int, *, root: str = ROOT,
             kernel: Kernel | None = None) -> bytes:
    """mem: up to `size` bytes from `address`; `KernelError` (EFAULT) for what is not mapped.

    The process need not be stopped.  Addresses are those that a file offset can be,
    below 2**63.  procfs(5)."""
    kernel = _call.dragonfly(kernel)
    return plumbing.read_at(kernel, root, pid, "mem", _check.unsigned(address, 63, "address"),
                            _check.length(size))


def write_mem(pid: int | None, address: int, data: bytes, *, root: str = ROOT,
              kernel: Kernel | None = None) -> int:
    """mem: write at `address`; how many bytes were written.  procfs(5)."""
    kernel = _call.dragonfly(kernel)
    return plumbing.write(kernel, root, pid, "mem", _check.octets(data),
                          _check.unsigned(address, 63, "address"))


def regs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> X86_64Registers:
    """regs: general registers of a process's first thread, also while it runs.

    `Hidden` for process 0 and init, as for the two below.  procfs(5)."""
    return plumbing.get(_call.dragonfly(kernel), root, pid, "regs", X86_64Registers)


def set_regs(pid: int | None, registers: X86_64Registers, *, root: str = ROOT,
             kernel: Kernel | None = None) -> None:
    """regs: set them, of a stopped process (EBUSY for one that runs).  procfs(5)."""
    plumbing.put(_call.dragonfly(kernel), root, pid, "regs", registers, X86_64Registers)


def fpregs(pid: int | None, *, root: str = ROOT, kernel: Kernel | None = None) -> X86_64FpRegisters:
    """fpregs: floating-point registers, as `regs`; see `ptrace.getfpregs`.  procfs(5)."""
    kernel = _call.dragonfly(kernel)
    return plumbing.get(kernel, root, pid, "fpregs", X86_64FpRegisters).cleared()


def set_fpregs(pid: int | None, registers: X86_64FpRegisters, *, root: str = ROOT,
               kernel: Kernel | None = None) -> None:
    """fpregs: set them, of a thread that stands in a stop (EBUSY for one that sleeps).

    procfs(5)."""
    plumbing.put(_call.dragonfly(kernel), root, pid, "fpregs", registers, X86_64FpRegisters)


def dbregs(pid: int | None, *, root: str = ROOT,
           kernel: Kernel | None = None) -> X86_64DebugRegisters:
    """dbregs: debug registers, as `regs`; see `ptrace.getdbregs`.  procfs(5)."""
    kernel = _call.dragonfly(kernel)
    return plumbing.get(kernel, root, pid, "dbregs", X86_64DebugRegisters).cleared()


def set_dbregs(pid: int | None, registers: X86_64DebugRegisters, *, root: str = ROOT,
               kernel: Kernel | None = None) -> None:
    """dbregs: set them, of a thread that stands in a stop.  procfs(5)."""
    plumbing.put(_call.dragonfly(kernel), root, pid, "dbregs", registers, X86_64DebugRegisters)
