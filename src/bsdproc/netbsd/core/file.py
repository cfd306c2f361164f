"""A core, and what it says of the process."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from bsdproc import abi
from bsdproc.netbsd import auxv as vector
from bsdproc.netbsd.constants.ptrace import CoreNote
from bsdproc.netbsd.constants.signals import Signal, SignalCode
from bsdproc.netbsd.core.lwp import Lwp
from bsdproc.netbsd.records import Record, Signals
from bsdproc.netbsd.siginfo import code_of
from bsdproc.typed.core import BadCore, Container, CoreFile, Decoding, NoNote, Readable
from bsdproc.typed.records import Enumerated, Malformed, Number, Text

_OWNER: Final = "NetBSD-CORE"
_VERSION: Final = 1
_ADDED: Final = "cpi_siglwp"
"""What came to the struct later, at its end."""


class Procinfo(Record):
    """ELF_NOTE_NETBSD_CORE_PROCINFO: struct netbsd_elfcore_procinfo of <sys/exec_elf.h>."""

    struct = "struct netbsd_elfcore_procinfo"
    __slots__ = ()

    version = Number("cpi_version")
    """NETBSD_ELFCORE_PROCINFO_VERSION, 1."""
    cpisize = Number("cpi_cpisize")
    """Bytes of the whole."""
    signo = Enumerated("cpi_signo", Signal)
    """What ended the process, or what it last stopped for; 0 for neither."""
    code_number = Number("cpi_sigcode")
    """The signal's code as a number (see `code`)."""
    sigpend = Signals("cpi_sigpend")
    """Signals that are pending for the process or one of its LWPs."""
    sigmask = Signals("cpi_sigmask")
    """Those that one of its LWPs blocks."""
    sigignore = Signals("cpi_sigignore")
    sigcatch = Signals("cpi_sigcatch")
    """Those with a handler."""
    pid = Number("cpi_pid")
    ppid = Number("cpi_ppid")
    pgrp = Number("cpi_pgrp")
    sid = Number("cpi_sid")
    ruid = Number("cpi_ruid")
    euid = Number("cpi_euid")
    svuid = Number("cpi_svuid")
    rgid = Number("cpi_rgid")
    egid = Number("cpi_egid")
    svgid = Number("cpi_svgid")
    nlwps = Number("cpi_nlwps")
    name = Text("cpi_name")
    """The program's name."""
    siglwp = Number("cpi_siglwp")
    """The LWP that the signal was for; 0 for the process."""

    @property
    def code(self) -> SignalCode:
        """What sent the signal: a code of the signal's own, or one of SI_*."""
        number = self.code_number
        return code_of(self.signo, number - (number >> 31 << 32))


class Core(CoreFile):
    """A core file.  What is said of the process is what its kernel knew when it wrote it.

    Every property raises `NoNote` when the core has no such note, `BadCore` when the note is
    damaged.  Memory that the kernel has not written may have been zeros, which it cuts off at
    the end of a segment: behind bytes that it has written they are given, and where it has
    written none, there is nothing to tell them from what it left out."""

    def __init__(self, container: Container) -> None:
        """`ForeignCore` for another system's or machine's, `BadCore` for damaged notes and
        for one without an LWP."""
        super().__init__(container, "netbsd", zeros=True)
        try:
            lwps = tuple(_lwps(self))
        except BaseException:
            self.close()
            raise
        vars(self).update(lwps=lwps)

    lwps: tuple[Lwp, ...]
    """The one that the kernel wrote the core for comes first."""

    @property
    def lwp(self) -> Lwp:
        """The LWP that the signal was for, else the first one."""
        try:
            target = self.procinfo.siglwp
        except (NoNote, BadCore):
            target = 0
        return next((one for one in self.lwps if one.lwpid == target), self.lwps[0])

    @property
    def signal(self) -> Signal | int | None:
        """What ended the process, or what it had stopped for when PT_DUMPCORE came; None for
        neither."""
        return self.procinfo.signo or None

    @cached_property
    def procinfo(self) -> Procinfo:
        """ELF_NOTE_NETBSD_CORE_PROCINFO: the process, and what ended it."""
        kind = Procinfo.of(self.machine)
        data = self._data(CoreNote.ELF_NOTE_NETBSD_CORE_PROCINFO)
        with Decoding("ELF_NOTE_NETBSD_CORE_PROCINFO"):
            if len(data) == abi.target("netbsd", self.machine).struct(
                    Procinfo.struct).field(_ADDED).offset:
                data = data.ljust(kind.sizeof, b"\0")
            found = kind(data)
            if found.version != _VERSION:
                raise Malformed(f"version {found.version}, not {_VERSION}")
            return found

    @cached_property
    def auxv(self) -> tuple[vector.AuxEntry, ...]:
        """ELF_NOTE_NETBSD_CORE_AUXV: what the kernel told the program at its start."""
        data = self._data(CoreNote.ELF_NOTE_NETBSD_CORE_AUXV)
        with Decoding("ELF_NOTE_NETBSD_CORE_AUXV"):
            return vector.parse(self.machine, data)

    def _data(self, note: CoreNote) -> bytes:
        for one in self.notes:
            if one.owner == _OWNER and one.type == note:
                return one.data
        raise NoNote(f"the core has no {note.name}")

    def __repr__(self) -> str:
        return f"Core(machine={self.machine!r}, lwps={len(self.lwps)})"


def _lwps(core: Core) -> list[Lwp]:
    """An LWP for each id that the owners of notes have, in the notes' order."""
    found: dict[int, dict[int, bytes]] = {}
    for note in core.notes:
        owner, at, digits = note.owner.partition("@")
        if owner != _OWNER or not at:
            continue
        if not (digits.isascii() and digits.isdecimal()) or len(digits) > 10:
            raise BadCore(f"a note of {note.owner[:80]!r}, which names no LWP")
        found.setdefault(int(digits), {}).setdefault(note.type, note.data)
    if not found:
        raise BadCore("no LWP: no note has one's registers")
    return [Lwp(core.machine, lwpid, notes) for lwpid, notes in found.items()]


def read(file: Readable) -> Core:
    """A core file by its path, as a binary file object that can seek, or as bytes.

    A file object stays open and is read from for memory; a path is opened until the core is
    closed.  `OSError` for a path that cannot be opened, `BadCore` for what is no core file or
    a damaged one, `ForeignCore` among them for another system's and for machines that are not
    declared.  A core that was cut off after its notes is read; `NotInCore` tells what is
    missing of its memory."""
    return decode(Container(file))


def decode(container: Container) -> Core:
    """The same of a file that was opened to see whose it is."""
    return Core(container)
