"""A core, and what it says of the process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Final, TypeVar

from bsdproc import abi
from bsdproc.freebsd import auxv as vector
from bsdproc.freebsd.constants.kinfo import Limit, LimitValue
from bsdproc.freebsd.constants.ptrace import Note
from bsdproc.freebsd.constants.signals import Signal
from bsdproc.freebsd.core.thread import Thread, label, sized
from bsdproc.freebsd.kinfo import (
    AuxEntry,
    KinfoFile,
    KinfoKnote,
    KinfoProc,
    KinfoVmentry,
    Rlimit,
)
from bsdproc.freebsd.records import Record
from bsdproc.typed.core import BadCore, Container, CoreFile, Decoding, NoNote, Readable
from bsdproc.typed.enums import known
from bsdproc.typed.records import Malformed, Number, Text

_VENDOR: Final = "FreeBSD"
_OF_PROCESS: Final = frozenset({Note.NT_PRPSINFO} | {
    note for note in Note if note.name.startswith("NT_PROCSTAT_")})
_INFO_VERSION: Final = 1
_INFINITY: Final = LimitValue.RLIM_INFINITY.value

R = TypeVar("R", bound=Record)


class Prpsinfo(Record):
    """NT_PRPSINFO: prpsinfo_t of <sys/procfs.h>."""

    struct = "struct prpsinfo"
    __slots__ = ()

    version = Number("pr_version")
    """PRPSINFO_VERSION, 1."""
    psinfosz = Number("pr_psinfosz")
    """Bytes of the whole."""
    fname = Text("pr_fname")
    """The program's name, 16 bytes of it at most."""
    psargs = Text("pr_psargs")
    """The beginning of its arguments, 80 bytes at most, with blanks between."""
    pid = Number("pr_pid")
    """The process; 0 in cores of before FreeBSD 12."""


class Core(CoreFile):
    """A core file.  What is said of the process is what its kernel knew when it wrote it.

    Every property raises `NoNote` when the core has no such note, `BadCore` when the note is
    damaged."""

    def __init__(self, container: Container) -> None:
        """`ForeignCore` for another system's or machine's, `BadCore` for damaged notes and
        for one without a thread."""
        super().__init__(container, "freebsd")
        try:
            threads = tuple(_threads(self))
        except BaseException:
            self.close()
            raise
        vars(self).update(threads=threads, _own=_own(self),
                          _target=abi.target("freebsd", self.machine))
        self.memory.explain = self._explain

    threads: tuple[Thread, ...]
    """The thread that the kernel wrote the core for comes first: the one that died, or that
    PT_COREDUMP was asked of."""
    _own: dict[int, bytes]
    _target: abi.Target

    @property
    def thread(self) -> Thread:
        """The first of `threads`."""
        return self.threads[0]

    @property
    def signal(self) -> Signal | int | None:
        """What ended the process; None for the core of one that lives on (PT_COREDUMP)."""
        return self.thread.cursig

    @cached_property
    def prpsinfo(self) -> Prpsinfo:
        """NT_PRPSINFO: the process and its program."""
        kind = Prpsinfo.of(self.machine)
        data = self._data(Note.NT_PRPSINFO)
        with Decoding("NT_PRPSINFO"):
            if len(data) >= self._target.struct(Prpsinfo.struct).field("pr_pid").offset - 4:
                data = data.ljust(kind.sizeof, b"\0")       # that one has no pr_pid
            found = kind(data)
            if found.version != _INFO_VERSION:
                raise Malformed(f"version {found.version}, not {_INFO_VERSION}")
            return found

    # -- NT_PROCSTAT_* --------------------------------------------------------
    @cached_property
    def proc(self) -> tuple[KinfoProc, ...]:
        """NT_PROCSTAT_PROC: a record for each thread, as `kinfo.threads` gives them."""
        return self._table(Note.NT_PROCSTAT_PROC, KinfoProc)

    @cached_property
    def files(self) -> tuple[KinfoFile, ...]:
        """NT_PROCSTAT_FILES: what was open, as `kinfo.filedesc` gives it."""
        return self._table(Note.NT_PROCSTAT_FILES, KinfoFile)

    @cached_property
    def vmmap(self) -> tuple[KinfoVmentry, ...]:
        """NT_PROCSTAT_VMMAP: the mappings, those that the core leaves out among them, as
        `kinfo.vmmap` gives them."""
        return self._table(Note.NT_PROCSTAT_VMMAP, KinfoVmentry)

    @cached_property
    def groups(self) -> tuple[int, ...]:
        """NT_PROCSTAT_GROUPS: the effective group and the supplementary ones."""
        note = Note.NT_PROCSTAT_GROUPS
        size, data = self._sized(note)
        if size != 4 or len(data) % 4:
            raise BadCore(f"{label(note)}: {len(data)} bytes of groups of {size}")
        return tuple(self._int(data[at : at + 4]) for at in range(0, len(data), 4))

    @cached_property
    def umask(self) -> int:
        """NT_PROCSTAT_UMASK: the file mode mask."""
        return self._number(Note.NT_PROCSTAT_UMASK, 2)

    @cached_property
    def rlimit(self) -> Mapping[Limit | int, Rlimit]:
        """NT_PROCSTAT_RLIMIT: every resource limit, as `kinfo.rlimit` gives one."""
        _, data = self._sized(Note.NT_PROCSTAT_RLIMIT)
        layout = self._target.struct("struct rlimit")
        if len(data) % layout.size:
            raise BadCore(f"NT_PROCSTAT_RLIMIT: {len(data)} bytes are no whole number of "
                          f"{layout.name}")
        read = layout.reader("rlim_cur", "rlim_max")
        found: dict[Limit | int, Rlimit] = {}
        for index in range(len(data) // layout.size):
            cur, most = read(data, index * layout.size)
            found[known(Limit, index)] = Rlimit(None if cur == _INFINITY else cur,
                                                None if most == _INFINITY else most)
        return MappingProxyType(found)

    @cached_property
    def osrel(self) -> int:
        """NT_PROCSTAT_OSREL: the version of FreeBSD that the program was built for."""
        return self._number(Note.NT_PROCSTAT_OSREL, 4, signed=True)

    @cached_property
    def ps_strings(self) -> int:
        """NT_PROCSTAT_PSSTRINGS: where the process's struct ps_strings is."""
        return self._number(Note.NT_PROCSTAT_PSSTRINGS, self._target.pointer)

    @cached_property
    def auxv(self) -> tuple[AuxEntry, ...]:
        """NT_PROCSTAT_AUXV: what the kernel told the program at its start."""
        size, data = self._sized(Note.NT_PROCSTAT_AUXV)
        with Decoding("NT_PROCSTAT_AUXV"):
            if size != 2 * self._target.pointer:
                raise Malformed(f"entries of {size} bytes")
            return vector.parse(self.machine, data)

    @cached_property
    def kqueues(self) -> tuple[KinfoKnote, ...]:
        """NT_PROCSTAT_KQUEUES: the events that its kqueues watch for; from FreeBSD 15 on."""
        size, data = self._sized(Note.NT_PROCSTAT_KQUEUES)
        with Decoding("NT_PROCSTAT_KQUEUES"):
            return tuple(KinfoKnote.fixed(self.machine, data, size))

    # -- notes ----------------------------------------------------------------
    def _data(self, note: Note) -> bytes:
        try:
            return self._own[note]
        except KeyError:
            raise NoNote(f"the core has no {note.name}") from None

    def _sized(self, note: Note) -> tuple[int, bytes]:
        data = self._data(note)
        with Decoding(note.name):
            return sized(data, self._target)

    def _int(self, data: bytes, *, signed: bool = False) -> int:
        return int.from_bytes(data, self._target.byteorder, signed=signed)

    def _number(self, note: Note, width: int, *, signed: bool = False) -> int:
        size, data = self._sized(note)
        if size != width or len(data) != width:
            raise BadCore(f"{note.name}: {len(data)} bytes of a number of {width}")
        return self._int(data, signed=signed)

    def _table(self, note: Note, kind: type[R]) -> tuple[R, ...]:
        _, data = self._sized(note)
        with Decoding(note.name):
            return tuple(kind.sized(self.machine, self._filled(data, kind.of(self.machine).least)))

    def _filled(self, data: bytes, least: int) -> bytes:
        """Records that begin with their size, without what the kernel fills the note up with
        when there came to be fewer of them than it had made room for."""
        at, total = 0, len(data)
        while at + 4 <= total:
            size = self._int(data[at : at + 4], signed=True)
            if size < least:
                return data if size or any(data[at:]) else data[:at]
            at += size
        return data

    def _explain(self, address: int) -> str | None:
        """Why the kernel has left an address out, as far as the map tells."""
        try:
            found = next((one for one in self.vmmap if one.start <= address < one.end), None)
        except (LookupError, ValueError):
            return None
        if found is None:
            return "the process had nothing there"
        of = f" of {found.path}" if found.path else ""
        return f"the kernel leaves such a mapping{of} out, but with PC_ALL"

    def __repr__(self) -> str:
        return (f"Core(machine={self.machine!r}, signal={self.signal!r}, "
                f"threads={len(self.threads)})")


def _own(core: Core) -> dict[int, bytes]:
    """The notes of the process: of each type the first."""
    found: dict[int, bytes] = {}
    for note in core.notes:
        if note.owner == _VENDOR and note.type in _OF_PROCESS:
            found.setdefault(note.type, note.data)
    return found


def _threads(core: Core) -> list[Thread]:
    """NT_PRSTATUS begins a thread; all that is not the process's belongs to the last one."""
    threads: list[dict[int, bytes]] = []
    for note in core.notes:
        if note.owner != _VENDOR or note.type in _OF_PROCESS:
            continue
        if note.type == Note.NT_PRSTATUS:
            threads.append({})
        elif not threads:
            raise BadCore(f"{label(note.type)} stands before the first NT_PRSTATUS")
        threads[-1].setdefault(note.type, note.data)
    if not threads:
        raise BadCore("no thread: there is no NT_PRSTATUS")
    return [Thread(core.machine, notes) for notes in threads]


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
