"""Core dumps: PT_COREDUMP's, and what a fatal signal leaves behind.

The ELF core of FreeBSD's imgact_elf.c (elf64_coredump) and the file of
kern_sig.c (coredump, corefile_open).
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bsdproc.emulator.bsd import limits
from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.bsd.state import P2, P
from bsdproc.emulator.errno import ECAPMODE, EFAULT, EFBIG, Refused
from bsdproc.emulator.freebsd import sysctl
from bsdproc.emulator.machine.memory import PAGE, Entry

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.state import Proc, Thread
    from bsdproc.emulator.freebsd.system import System
    from bsdproc.emulator.vnode import Vnode

PC_COMPRESS, PC_ALL = 0x1, 0x2
OFF_MAX: Final = (1 << 63) - 1
ACORE: Final = 0x8
UF_NODUMP: Final = 0x1


@dataclass(frozen=True, slots=True)
class Elf:
    """The ELF structures of a class."""

    number: int
    """EI_CLASS."""
    machine: int
    header: struct.Struct
    program: struct.Struct
    section: struct.Struct
    word: str
    """An address, for `struct`."""
    prpsinfo: struct.Struct
    """struct prpsinfo: version, size, name, arguments, pid."""
    kinfo_proc: int
    """Size of a struct kinfo_proc."""

    def load(self, kind: int, flags: int, offset: int, address: int, size: int, memory: int,
             align: int) -> bytes:
        """A program header; the flags stand in another place in each class."""
        if self.number == ELFCLASS64:
            return self.program.pack(kind, flags, offset, address, 0, size, memory, align)
        return self.program.pack(kind, offset, address, 0, size, memory, flags, align)


ELFCLASS32, ELFCLASS64, ELFDATA2LSB, EV_CURRENT, ELFOSABI_FREEBSD = 1, 2, 1, 1, 9
ET_CORE, PT_LOAD, PT_NOTE, PN_XNUM = 4, 1, 4, 0xFFFF
ELF64: Final = Elf(
    ELFCLASS64, 62, struct.Struct("<4sBBBBB7x HHI QQQ I HHHHHH"), struct.Struct("<IIQQQQQQ"),
    struct.Struct("<IIQQQQIIQQ"), "Q", struct.Struct("<i4xQ17s81s2xi"), 1088)
ELF32: Final = Elf(
    ELFCLASS32, 3, struct.Struct("<4sBBBBB7x HHI III I HHHHHH"), struct.Struct("<IIIIIIII"),
    struct.Struct("<IIIIIIIIII"), "I", struct.Struct("<iI17s81s2xi"), 768)
NHDR: Final = struct.Struct("<III")
VENDOR: Final = b"FreeBSD\0"

NT_PRPSINFO: Final = 3
NT_PROCSTAT_PROC: Final = 8
NT_PROCSTAT_FILES: Final = 9
NT_PROCSTAT_VMMAP: Final = 10
NT_PROCSTAT_GROUPS: Final = 11
NT_PROCSTAT_UMASK: Final = 12
NT_PROCSTAT_RLIMIT: Final = 13
NT_PROCSTAT_OSREL: Final = 14
NT_PROCSTAT_PSSTRINGS: Final = 15
NT_PROCSTAT_AUXV: Final = 16

PRPSINFO_VERSION: Final = 1

CTL_KERN, KERN_PROC = 1, 14
KERN_PROC_PID, KERN_PROC_INC_THREAD = 1, 0x10
KERN_PROC_VMMAP, KERN_PROC_FILEDESC = 32, 33
KINFO_FILE_SIZE, KINFO_VMENTRY_SIZE = 1392, 1160


@dataclass(frozen=True, slots=True)
class Note:
    kind: int
    data: bytes

    def __bytes__(self) -> bytes:
        data = self.data + bytes(-len(self.data) % 4)
        return NHDR.pack(len(VENDOR), len(self.data), self.kind) + VENDOR + data


def coredump(system: System, td: Thread, vnode: Vnode, limit: int, flags: int) -> None:
    """PT_COREDUMP: write the core of the thread's process, that thread first.

    `limit` 0 is none; a core that is not smaller is `Refused(EFAULT)` and
    nothing is written.  PC_ALL adds what is kept out otherwise: program text
    and mappings that asked for it; PC_COMPRESS makes a gzip file of it.
    """
    write(system, td, vnode, limit or OFF_MAX, everything=bool(flags & PC_ALL),
          level=_level(system) if flags & PC_COMPRESS else None)


def write(system: System, td: Thread, vnode: Vnode, limit: int, *, everything: bool = False,
          level: int | None = None) -> None:
    """elf64_coredump and elf32_coredump; with a level it is a gzip file."""
    space = td.proc.space
    assert space is not None
    elf = elf_of(td.proc)
    segments = list(dumpable(space.entries, everything=everything))
    count = len(segments) + 1
    header_size = elf.header.size + elf.program.size * count
    if count >= PN_XNUM:
        header_size += elf.section.size
    note_bytes = b"".join(bytes(n) for n in notes(system, td))
    start = -(-(header_size + len(note_bytes)) // PAGE) * PAGE
    if start + sum(e.end - e.start for e in segments) >= limit:
        raise Refused(EFAULT)
    pieces = [elf_header(elf, count),
              elf.load(PT_NOTE, 4, header_size, 0, len(note_bytes), 0, 4)]
    at = start
    for e in segments:
        size = e.end - e.start
        pieces.append(elf.load(PT_LOAD, segment_flags(e.prot), at, e.start, size, size, PAGE))
        at += size
    if count >= PN_XNUM:
        pieces.append(elf.section.pack(0, 0, 0, 0, 0, 1, 0, count, 0, 0))
    pieces.append(note_bytes)
    pieces.append(bytes(start - header_size - len(note_bytes)))
    pieces.extend(space.peek(e.start, e.end - e.start) for e in segments)
    core = b"".join(pieces)
    vnode.write_at(0, core if level is None else gzip.compress(core, level, mtime=0))


def _level(system: System) -> int:
    level = int(system.settings.get("kern.compress_user_cores_level", 6))
    if not -1 <= level <= 9:
        raise Refused(EFAULT)
    return level


def elf_of(p: Proc) -> Elf:
    """What a process's core is written in."""
    return ELF32 if p.sysent == "FreeBSD ELF32" else ELF64


def elf_header(elf: Elf, count: int) -> bytes:
    """For so many program headers; those that do not fit the field stand in a
    section header."""
    shoff = elf.header.size + elf.program.size * count if count >= PN_XNUM else 0
    return elf.header.pack(
        b"\x7fELF", elf.number, ELFDATA2LSB, EV_CURRENT, ELFOSABI_FREEBSD, 0,
        ET_CORE, elf.machine, EV_CURRENT, 0, elf.header.size, shoff, 0, elf.header.size,
        elf.program.size, min(count, PN_XNUM), elf.section.size, 1 if shoff else 0, 0)


def segment_flags(prot: int) -> int:
    """PF_R 4, PF_W 2, PF_X 1 for PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4."""
    return (prot & 1) << 2 | prot & 2 | prot >> 2 & 1


def dumpable(entries: Iterable[Entry], *, everything: bool) -> Iterator[Entry]:
    """each_dumpable_segment: what has pages, some right, and is not kept out."""
    for e in entries:
        if e.has_object and (everything or (e.prot and not e.nocore)):
            yield e


# -- notes -------------------------------------------------------------------
def notes(system: System, td: Thread) -> Iterator[Note]:
    """In the kernel's order; the thread that dumps comes first of the threads."""
    p = td.proc
    elf = elf_of(p)
    yield Note(NT_PRPSINFO, prpsinfo(p))
    for thread in [td, *(t for t in p.threads if t is not td)]:
        for kind, data in system.machdep.core_notes(thread):
            yield Note(kind, data)

    def table(size: int, *mib: int) -> bytes:
        data = sysctl.fetch(system, td, (CTL_KERN, KERN_PROC, *mib, p.pid))
        return struct.pack("<i", size) + data

    yield Note(NT_PROCSTAT_PROC, table(elf.kinfo_proc, KERN_PROC_PID | KERN_PROC_INC_THREAD))
    for what, size, kind, number in (
            ("fileinfo", KINFO_FILE_SIZE, NT_PROCSTAT_FILES, KERN_PROC_FILEDESC),
            ("vmmapinfo", KINFO_VMENTRY_SIZE, NT_PROCSTAT_VMMAP, KERN_PROC_VMMAP)):
        packed = table(size, number)
        yield Note(kind, packed if system.settings.get(f"kern.coredump_pack_{what}", 1)
                   else b"".join(_unpacked(packed, size)))
    groups = p.cred.groups
    yield Note(NT_PROCSTAT_GROUPS, struct.pack(f"<i{len(groups)}I", 4, *groups))
    yield Note(NT_PROCSTAT_UMASK, struct.pack("<iH", 2, p.umask))
    yield Note(NT_PROCSTAT_RLIMIT, rlimits(p))
    yield Note(NT_PROCSTAT_OSREL, struct.pack("<ii", 4, p.osrel))
    yield Note(NT_PROCSTAT_PSSTRINGS, struct.pack(
        f"<i{elf.word}", struct.calcsize(elf.word), p.ps_strings))
    yield Note(NT_PROCSTAT_AUXV, struct.pack("<i", 2 * struct.calcsize(elf.word)) + p.auxv)


def _unpacked(table: bytes, size: int) -> Iterator[bytes]:
    """A table of records that say their size, with each as long as it can be."""
    at = 4
    yield table[:at]
    while at < len(table):
        length, = struct.unpack_from("<i", table, at)
        yield struct.pack("<i", size) + table[at + 4 : at + length].ljust(size - 4, b"\0")
        at += length


def prpsinfo(p: Proc) -> bytes:
    """struct prpsinfo: the arguments with blanks between, its name without any."""
    name = p.comm.encode("utf-8", "surrogateescape")
    arguments = b" ".join(p.args)[:80] or name
    record = elf_of(p).prpsinfo
    return record.pack(
        PRPSINFO_VERSION, record.size, name[:16], arguments[:80], p.pid)


def rlimits(p: Proc) -> bytes:
    data = b"".join(struct.pack("<qq", *limits.limit(p, i)) for i in range(limits.NLIMITS))
    return struct.pack("<i", len(data)) + data


# -- the file of a fatal signal ----------------------------------------------
def core_file(system: System, td: Thread, sig: int) -> bool:
    """coredump() of kern_sig.c: leave a core file if the process may have
    one.  Whether there is one now; why not goes to the log unless the limit
    is zero."""
    p = td.proc
    p.sig = sig
    try:
        _core_file(system, td, sig)
    except Refused as e:
        if e.errno != EFBIG:
            system.note(f"process {p.pid} ({p.comm}): no core file: {e}")
        return False
    return True


def _core_file(system: System, td: Thread, sig: int) -> None:
    p = td.proc
    settings = system.settings
    if (not settings.get("kern.coredump", 1)
            or (p.flag & P.SUGID and not settings.get("kern.sugid_coredump", 0))
            or p.flag2 & P2.NOTRACE):
        raise Refused(EFAULT)
    limit = limits.limit(p, limits.CORE)[0]
    if limit == 0:
        raise Refused(EFBIG)
    compress = int(settings.get("kern.compress_user_cores", 0))
    name = core_name(system, p, sig) + (".gz" if compress else "")
    if p.cred.capmode and not settings.get("kern.capmode_coredump", 0):
        raise Refused(ECAPMODE)
    vnode = _open(system, td, name)
    if vnode.kind != "reg" or vnode.nlink != 1 or vnode.uid != p.cred.uid:
        raise Refused(EFAULT)
    vnode.truncate(0)
    if settings.get("kern.nodump_coredump", 0):
        vnode.flags |= UF_NODUMP
    p.acflag |= ACORE
    write(system, td, vnode, limit, level=_level(system) if compress else None)


def core_name(system: System, p: Proc, sig: int) -> str:
    """kern.corefile: %N name, %P pid, %U user, %S signal, %H host, %I index."""
    pattern = str(system.settings.get("kern.corefile", "%N.core"))
    values = {"N": p.comm, "P": str(p.pid), "U": str(p.cred.uid), "S": str(sig), "I": "0",
              "H": str(system.settings.get("kern.hostname", "")), "%": "%"}
    name, at = "", 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "%" and at + 1 < len(pattern):
            name += values.get(pattern[at + 1], "")
            at += 1
        else:
            name += letter
        at += 1
    return name


def _open(system: System, td: Thread, name: str) -> Vnode:
    """The file to write, made (mode 0600) if it is not there; no symbolic
    link is followed."""
    who = access(td)
    found = system.vfs.walk(name, who, follow=False)
    if found.vnode is not None:
        if found.vnode.kind == "lnk":
            raise Refused(EFAULT)
        found.vnode.check(2, who)
        return found.vnode
    node = system.vfs.new(found.directory, "reg", 0o600 & ~td.proc.umask, who.cred.uid)
    found.directory.add(found.name, node, who)
    return node
