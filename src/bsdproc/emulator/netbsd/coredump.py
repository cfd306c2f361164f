"""Core files: an ELF core with NetBSD's notes.  The subject of kern_core.c and core_elf32.c.

The notes are "NetBSD-CORE" (procinfo, auxv) and, for each LWP, its status and
registers in "NetBSD-CORE@lid".
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.bsd.state import P, Thread
from bsdproc.emulator.errno import EFAULT, EFBIG, EINVAL, ENAMETOOLONG, EPERM, Refused
from bsdproc.emulator.machine.memory import PAGE, READ, MemoryFault
from bsdproc.emulator.netbsd.amd64.signal import sigset
from bsdproc.emulator.netbsd.signo import CODES
from bsdproc.emulator.netbsd.state import lwp, tracing

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.system import System

EHDR: Final = struct.Struct("<16sHHIQQQIHHHHHH")
PHDR: Final = struct.Struct("<IIQQQQQQ")
NT_PROCINFO, NT_AUXV, NT_LWPSTATUS, NT_REGS, NT_FPREGS, NT_XSTATE = 1, 2, 24, 33, 35, 41
XSTATE_HEAD: Final = struct.Struct("<QQ")
"""struct xstate's beginning: the components meant, and those that are there."""
XSTATE_HAS: Final = 0x3
"""x87 and SSE, which is what this processor has."""
OWNER: Final = b"NetBSD-CORE"
PATH_MAX = 1024


def name_of(td: Thread) -> str:
    """coredump_buildname: %n, %p, %u and %t of proc.PID.corename."""
    p, name = td.proc, ""
    rest = tracing(p).corename
    while rest:
        if rest[0] == "%" and rest[1:2] in ("n", "p", "u", "t"):
            name += {"n": p.comm, "p": str(p.pid), "u": p.session.login,
                     "t": str(p.started // 10**9)}[rest[1]]
            rest = rest[2:]
        else:
            name, rest = name + rest[0], rest[1:]
    if len(name) >= PATH_MAX:
        raise Refused(ENAMETOOLONG)
    return name


def at_exit(system: System, td: Thread, sig: int) -> bool:
    """Whether the end of a process left a core file."""
    try:
        write(system, td, None, sig)
    except Refused:
        return False
    return True


def write(system: System, td: Thread, path: str | None, sig: int = 0) -> None:
    """coredump: into `path`, or the file that the process's core name says.
    EPERM of a process that changed its ids, EFBIG beyond RLIMIT_CORE, EINVAL
    for a file that is not regular or has another name."""
    p = td.proc
    if p.flag & P.SUGID and path is None:
        raise Refused(EPERM)
    image = contents(system, td, sig)
    if path is None and len(image) >= limits.limit(p, limits.CORE)[0]:
        raise Refused(EFBIG)
    who, fs = access(td), system.vfs
    found = fs.walk(path if path is not None else name_of(td), who, False)
    node = found.vnode
    if node is None:
        node = fs.new(found.directory, "reg", 0o600, who.cred.uid)
        found.directory.add(found.name, node, who)
    elif node.kind != "reg" or node.nlink != 1 or node.uid != who.cred.uid:
        raise Refused(EINVAL)
    node.truncate(0, who)
    node.write_at(0, image, who)


def contents(system: System, td: Thread, sig: int) -> bytes:
    """The core: header, segments, notes, memory."""
    p = td.proc
    if p.space is None:
        raise Refused(EFAULT)
    notes = _note(OWNER, NT_PROCINFO, _procinfo(system, td, sig)) + _note(OWNER, NT_AUXV, p.auxv)
    machdep = system.machdep
    for each in [td, *(t for t in p.threads if t is not td)]:
        owner = OWNER + b"@%d" % each.tid
        notes += _note(owner, NT_LWPSTATUS, _lwpstatus(system, each))
        notes += _note(owner, NT_REGS, machdep.getregs(each))
        notes += _note(owner, NT_FPREGS, machdep.getfpregs(each))
        notes += _note(owner, NT_XSTATE, xstate(system, each))
    parts = []
    for entry in p.space.entries:
        if not entry.prot & READ or entry.kind == "guard":
            continue
        try:
            data = p.space.read(entry.start, entry.end - entry.start)
        except MemoryFault:
            data = b""
        parts.append((entry, data))
    offset = EHDR.size + PHDR.size * (1 + len(parts))
    headers = [PHDR.pack(4, 4, offset, 0, 0, len(notes), 0, 4)]
    offset = offset + len(notes) + PAGE - 1 & -PAGE
    for entry, data in parts:
        rights = sum(bit for bit, own in ((4, 1), (2, 2), (1, 4)) if entry.prot & own)
        headers.append(PHDR.pack(1, rights, offset, entry.start, 0, len(data),
                                 entry.end - entry.start, PAGE))
        offset += len(data)
    head = EHDR.pack(b"\x7fELF\x02\x01\x01".ljust(16, b"\0"), 4, 62, 1, 0, EHDR.size, 0, 0,
                     EHDR.size, PHDR.size, len(headers), 0, 0, 0) + b"".join(headers) + notes
    return head.ljust(len(head) + PAGE - 1 & -PAGE, b"\0") + b"".join(d for _, d in parts)


def _note(owner: bytes, kind: int, data: bytes) -> bytes:
    name = owner + b"\0"
    return (struct.pack("<III", len(name), len(data), kind) + name.ljust(len(name) + 3 & -4, b"\0")
            + data.ljust(len(data) + 3 & -4, b"\0"))


def _lwpstatus(system: System, td: Thread) -> bytes:
    """struct ptrace_lwpstatus, as PT_LWPSTATUS has it."""
    layout = system.target.struct("struct ptrace_lwpstatus")
    image = bytearray(layout.pack({"pl_lwpid": td.tid, "pl_name": lwp(td).named.encode()[:19],
                                   "pl_private": lwp(td).private}))
    for field, signals in (("pl_sigpend", td.sigqueue.signals), ("pl_sigmask", td.sigmask)):
        at = layout.field(field).offset
        image[at:at + 16] = sigset(signals)
    return bytes(image)


def xstate(system: System, td: Thread) -> bytes:
    """struct xstate, as PT_GETXSTATE has it."""
    layout = system.target.struct("struct xstate")
    at, now = layout.field("xs_fxsave").offset, system.machdep.getfpregs(td)
    image = bytearray(layout.size)
    XSTATE_HEAD.pack_into(image, 0, XSTATE_HAS, XSTATE_HAS)
    image[at:at + len(now)] = now
    return bytes(image)


def _procinfo(system: System, td: Thread, sig: int) -> bytes:
    """struct netbsd_elfcore_procinfo: what ends the process, or what it stopped for."""
    p, c = td.proc, td.proc.cred
    t = tracing(p)
    signo, code, lwp = (sig, 0, td.tid) if sig else (
        t.info.signo, CODES.get(t.info.code, t.info.code), t.lwp)
    layout = system.target.struct("struct netbsd_elfcore_procinfo")
    words = {"cpi_version": 1, "cpi_cpisize": layout.size, "cpi_signo": signo,
             "cpi_sigcode": code,
             "cpi_pid": p.pid, "cpi_ppid": p.parent.pid if p.parent is not None else 0,
             "cpi_pgrp": p.pgid, "cpi_sid": p.session.sid, "cpi_ruid": c.ruid, "cpi_euid": c.uid,
             "cpi_svuid": c.svuid, "cpi_rgid": c.rgid, "cpi_egid": c.gid, "cpi_svgid": c.svgid,
             "cpi_nlwps": len(p.threads), "cpi_siglwp": lwp}
    image = bytearray(layout.size)
    for name, value in words.items():
        at = layout.field(name).offset
        image[at:at + 4] = (value & 0xFFFFFFFF).to_bytes(4, "little")
    at = layout.field("cpi_name").offset
    comm = p.comm.encode()[:31]
    image[at:at + len(comm)] = comm
    for field, signals in (
            ("cpi_sigpend", p.sigqueue.signals), ("cpi_sigmask", td.sigmask),
            ("cpi_sigignore", {n for n, a in p.sigacts.actions.items() if a.handler == 1}),
            ("cpi_sigcatch", {n for n, a in p.sigacts.actions.items() if a.handler > 1})):
        at = layout.field(field).offset
        image[at:at + 16] = sigset(signals)
    return bytes(image)
