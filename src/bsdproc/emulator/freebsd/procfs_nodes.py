"""What the nodes of FreeBSD's procfs show and take."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.state import P, Proc, Thread
from bsdproc.emulator.errno import (
    EBUSY,
    EFAULT,
    EINVAL,
    ENOENT,
    EOPNOTSUPP,
    EPERM,
    Refused,
)
from bsdproc.emulator.freebsd import cred, kern_proc, kinfo, kinfo_file, kinfo_vm, proc_args
from bsdproc.emulator.machine.entries import Entry
from bsdproc.emulator.machine.memory import MemoryFault

if TYPE_CHECKING:
    from bsdproc.emulator.freebsd.system import System


class Look(NamedTuple):
    """Somebody looks at a process (None at the root)."""

    system: System
    td: Thread
    p: Proc | None

    @property
    def process(self) -> Proc:
        assert self.p is not None
        return self.p

    def debugs(self) -> None:
        """p_candebug."""
        cred.p_candebug(self.system, self.td, self.process)


# -- texts ------------------------------------------------------------------------
def curproc(look: Look) -> bytes:
    return b"%d" % look.td.proc.pid


def cmdline(look: Look) -> bytes:
    """procfs_doproccmdline."""
    return proc_args.arguments(look.system, look.process)


def etype(look: Look) -> bytes:
    return look.process.sysent.encode() + b"\n"


def file(look: Look) -> bytes:
    path = kern_proc.binary_path(look.system, look.process, look.td.proc)
    if not path and look.process.text is not None:
        raise Refused(ENOENT)
    return path.encode("utf-8", "surrogateescape")


def osrel(look: Look) -> bytes:
    return b"%d\n" % look.process.osrel


def take_osrel(look: Look, data: bytes) -> int:
    """procfs_doosrel: digits only, up to what an int holds."""
    text = data.rstrip()
    value = 0
    for digit in text:
        if not 0x30 <= digit <= 0x39:
            raise Refused(EINVAL)
        value = value * 10 + digit - 0x30
        if value >= 1 << 31:
            raise Refused(EINVAL)
    look.process.osrel = value
    return len(data)


def take_note(look: Look, data: bytes) -> int:
    raise Refused(EOPNOTSUPP)


def rlimit(look: Look) -> bytes:
    def shown(value: int) -> str:
        return "-1" if value == limits.INFINITY else str(value)

    lines = []
    for which, name in enumerate(limits.NAMES):
        soft, hard = limits.limit(look.process, which)
        lines.append(f"{name} {shown(soft)} {shown(hard)}\n")
    return "".join(lines).encode()


def status(look: Look) -> bytes:
    """procfs_doprocstatus: name, pid, ppid, pgid, sid, terminal, flags,
    start, user and system time, wait message, uids, groups, jail."""
    p, system = look.process, look.system
    leader = p.session.leader
    name = "".join(_visible(c) for c in p.comm.encode("utf-8", "surrogateescape")) or "\\000"
    words = [
        name, str(p.pid), str(p.parent.pid if p.parent is not None else 0), str(p.pgid),
        str(leader.pid if leader is not None else 0), "-",
        "sldr" if leader is p else "noflags",
    ]  # fmt: skip
    if p.flag & P.INMEM:
        used = kinfo.used(p)
        started = system.boot_ns + p.started
        for ns in (started, used.utime, used.stime):
            words.append(f"{ns // 10**9},{ns % 10**9 // 1000}")
    else:
        words += ["-1,-1"] * 3
    words.append(kinfo.waits_for(p.threads[0]) or "nochan")
    c = cred.ucred(p)
    words += [str(c.uid), str(c.ruid), ",".join(str(gid) for gid in (c.rgid, *c.groups))]
    words.append(c.prison.name if c.prison.parent is not None else "-")
    return " ".join(words).encode() + b"\n"


def _visible(code: int) -> str:
    """A character as the kernel prints it: escaped ones as signed, of 32 bits."""
    if 33 <= code <= 126 and code != 0x5C:
        return chr(code)
    return f"\\{code | 0xFFFFFF00 if code & 0x80 else code:03o}"


TYPES = {kinfo_vm.Kvme.DEFAULT: "swap", kinfo_vm.Kvme.SWAP: "swap",
         kinfo_vm.Kvme.VNODE: "vnode", kinfo_vm.Kvme.DEVICE: "device",
         kinfo_vm.Kvme.PHYS: "phys", kinfo_vm.Kvme.NONE: "none", kinfo_vm.Kvme.GUARD: "none"}
OBJ_FICTITIOUS, OBJ_ANON, OBJ_COLORED, OBJ_ONEMAPPING = 0x6, 0x10, 0x1000, 0x2000


def map_lines(look: Look) -> bytes:
    """procfs_doprocmap: a line for each entry."""
    look.debugs()
    if proc_args.narrow(look.td.proc) and not proc_args.narrow(look.process):
        raise Refused(EOPNOTSUPP)
    return b"".join(_map_line(look, entry) for entry in kinfo_vm.entries(look.process))


def _map_line(look: Look, entry: Entry) -> bytes:
    p, kind = look.process, kinfo_vm.kind(entry)
    node, flags = kinfo_vm.vnode(entry), kinfo_vm.flags(entry)
    path = kinfo_file.path(look.system, node, look.td.proc) if node is not None else b"-"
    prot = "".join(c if entry.prot & bit else "-" for c, bit in (("r", 1), ("w", 2), ("x", 4)))
    there = entry.has_object
    at = f"{kinfo_vm.object_address(entry):#x}" if there else "0"
    object_flags = 0
    if there:
        object_flags = OBJ_COLORED
        if entry.kind == "shared":
            object_flags = OBJ_FICTITIOUS
        elif entry.behind is not None:
            object_flags |= OBJ_ANON
            if not entry.needs_copy and not entry.shared:
                object_flags |= OBJ_ONEMAPPING
    charged = kinfo_vm.charged(entry)
    words = [
        f"{entry.start:#x}", f"{entry.end:#x}",
        str(kinfo_vm.counted(look.system, p, entry)), "0", at, prot,
        str(kinfo_vm.references(look.system, entry)),
        str(kinfo_vm.shadows(look.system, entry)),
        f"0x{object_flags:x}",
        "COW" if flags & kinfo_vm.Kvme.COW else "NCOW",
        "NC" if flags & kinfo_vm.Kvme.NEEDS_COPY else "NNC",
        TYPES[kind],
    ]  # fmt: skip
    owner = ["CH", str(p.cred.ruid)] if charged else ["NCH", "-1"]
    return (" ".join(words).encode() + b" " + (path or b"-") + b" " + " ".join(owner).encode()
            + b"\n")


# -- memory and registers -----------------------------------------------------------
def read_mem(look: Look, offset: int, size: int) -> bytes:
    """procfs_doprocmem: all or EFAULT."""
    if size == 0:
        return b""
    look.debugs()
    space = look.process.space
    if space is None:
        raise Refused(EFAULT)
    try:
        return space.read(offset, size)
    except MemoryFault:
        raise Refused(EFAULT) from None


def write_mem(look: Look, offset: int, data: bytes) -> int:
    """What lies before a fault is written all the same."""
    if not data:
        return 0
    look.debugs()
    space = look.process.space
    if space is None:
        raise Refused(EFAULT)
    try:
        space.write(offset, data)
    except MemoryFault:
        raise Refused(EFAULT) from None
    return len(data)


Get = Callable[[Thread], bytes]
Set = Callable[[Thread, bytes], None]


def _registers(get: str, set: str, running: bool) -> tuple[
        Callable[[Look, int, int], bytes], Callable[[Look, int, bytes], int]]:
    """Register nodes: of the first thread, from the start only.  `running`:
    they can be read of a process that is not stopped."""

    def first(look: Look, may_run: bool) -> Thread:
        try:
            look.debugs()
        except Refused:
            raise Refused(EPERM) from None
        p = look.process
        if not may_run and not kinfo.stopped(p):
            raise Refused(EBUSY)
        if proc_args.narrow(look.td.proc) and not proc_args.narrow(p):
            raise Refused(EINVAL)
        if p.threads[0].context is None:
            raise Refused(EPERM)
        return p.threads[0]

    def read(look: Look, offset: int, size: int) -> bytes:
        if offset != 0:
            return b""
        getter: Get = getattr(look.system.machdep, get)
        return getter(first(look, running))[:size]

    def write(look: Look, offset: int, data: bytes) -> int:
        if offset != 0:
            return 0
        getter: Get = getattr(look.system.machdep, get)
        setter: Set = getattr(look.system.machdep, set)
        td = first(look, False)
        whole = getter(td)
        setter(td, data[: len(whole)] + whole[len(data) :])
        return min(len(data), len(whole))

    return read, write


read_regs, write_regs = _registers("getregs", "setregs", running=False)
read_fpregs, write_fpregs = _registers("getfpregs", "setfpregs", running=False)
read_dbregs, write_dbregs = _registers("getdbregs", "setdbregs", running=True)
