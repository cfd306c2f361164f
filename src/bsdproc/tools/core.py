"""`bsdproc core`: what a core file says of the process that it is of."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum, Flag
from typing import Final, NamedTuple

from bsdproc import freebsd, netbsd
from bsdproc.freebsd.constants.kinfo import FileFlags, FileType, KvmeProtection, VmType
from bsdproc.freebsd.kinfo import KinfoFile, KinfoVmentry
from bsdproc.freebsd.siginfo import Siginfo
from bsdproc.tools import session
from bsdproc.tools.tables.freebsd import SLOTS
from bsdproc.tools.tables.table import Row, aligned, letters
from bsdproc.typed.core import BadCore, Container, Memory, NoNote, Segment, SegmentFlags
from bsdproc.typed.enums import name_of
from bsdproc.typed.records import Record

SEGMENT: Final = tuple((flag.value, letter) for flag, letter in (
    (SegmentFlags.PF_R, "r"), (SegmentFlags.PF_W, "w"), (SegmentFlags.PF_X, "x")))
ACROSS: Final = 4
"""How many registers stand in a line."""


class Section(NamedTuple):
    """A part of what is shown: its title, and its lines."""

    title: str
    lines: Callable[[], list[str]]


# -- words -------------------------------------------------------------------------------------
def shown(value: object) -> str:
    """Without what would move the cursor or cannot be printed: a core says what it likes."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode()
                   for one in str(value))


def table(heads: Sequence[str], rows: Iterable[Row]) -> list[str]:
    return aligned(heads, [list(map(shown, row)) for row in rows])


def grid(registers: Mapping[str, int]) -> list[str]:
    """Registers, some in each line."""
    wide = max(map(len, registers), default=0)
    cells = [f"{name:>{wide}} {value:#x}" for name, value in registers.items()]
    width = max(map(len, cells), default=0)
    return [" ".join(cell.ljust(width) for cell in cells[at : at + ACROSS]).rstrip()
            for at in range(0, len(cells), ACROSS)]


def _segment(one: Segment) -> Row:
    return (f"{one.address:#x}", f"{one.end:#x}", letters(one.flags.value, SEGMENT), one.size,
            min(one.filesz, one.size))


def _segments(memory: Memory) -> list[str]:
    return table((">START", ">END", "PRT", ">BYTES", ">IN CORE"),
                   [_segment(one) for one in memory.segments])


# -- FreeBSD -----------------------------------------------------------------------------------
RIGHTS: Final = tuple((flag.value, letter) for flag, letter in (
    (KvmeProtection.KVME_PROT_READ, "r"), (KvmeProtection.KVME_PROT_WRITE, "w"),
    (KvmeProtection.KVME_PROT_EXEC, "x")))
OPENED: Final = tuple((flag.value, letter) for flag, letter in (
    (FileFlags.KF_FLAG_READ, "r"), (FileFlags.KF_FLAG_WRITE, "w"),
    (FileFlags.KF_FLAG_APPEND, "a")))


def _reason(info: Siginfo) -> str:
    """A signal's own account: "SEGV_MAPERR at 0x0"."""
    fault = f" at {info.addr:#x}" if info.trapno is not None else ""
    return f"{name_of(info.code)}{fault}"


def _freebsd_head(core: freebsd.core.Core) -> list[str]:
    info = core.prpsinfo
    found = [f"process   {info.pid} ({info.fname}): {info.psargs}"]
    thread = core.thread
    if core.signal is None:
        found.append("signal    none: the process lived on")
    else:
        try:
            told = thread.siginfo
        except NoNote:
            told = None
        why = f", {_reason(told)}" if told is not None and told.signo == core.signal else ""
        found.append(f"signal    {name_of(core.signal)} (thread {thread.lwpid}){why}")
    try:
        p = core.proc[0] if core.proc else None
        if p is not None:
            found += [f"parent    {p.ppid}, group {p.pgid}, session {p.sid}",
                      f"user      {p.uid} (real {p.ruid}), groups "
                      + ",".join(map(str, p.groups)),
                      f"ABI       {p.emul}, built for {core.osrel}"]
    except NoNote:
        pass
    return found


def _freebsd_thread(thread: freebsd.core.Thread, memory: Memory) -> Row:
    registers = thread.registers
    try:
        name = thread.tdname or "-"
    except NoNote:
        name = "-"
    try:
        told = thread.siginfo
    except NoNote:
        told = None
    return (thread.lwpid, name, f"{registers.pc:#x}", f"{registers.sp:#x}",
            "-" if told is None else f"{name_of(told.signo)} {_reason(told)}")


def _mapping(one: KinfoVmentry, memory: Memory) -> Row:
    prot = letters(one.protection.value, RIGHTS)
    kind = one.type.name.removeprefix("KVME_TYPE_").lower() if isinstance(one.type, VmType) \
        else str(one.type)
    return (f"{one.start:#x}", f"{one.end:#x}", prot, one.end - one.start,
            memory.written(one.start, one.end), kind, one.path or "-")


def _file(one: KinfoFile) -> Row:
    slot = str(one.fd) if one.slot is None else SLOTS.get(one.slot, str(one.slot))
    kind = one.type.name.removeprefix("KF_TYPE_").lower() if isinstance(one.type, FileType) \
        else str(one.type)
    return slot, kind, letters(one.flags.value, OPENED), one.offset, one.path or "-"


def _of_freebsd(core: freebsd.core.Core) -> Iterator[Section]:
    memory = core.memory
    yield Section("", lambda: _freebsd_head(core))
    yield Section("threads", lambda: table(
        (">TID", "TDNAME", ">PC", ">SP", "SIGNAL"),
        [_freebsd_thread(one, memory) for one in core.threads]))
    yield Section(f"registers of {core.thread.lwpid}",
                  lambda: grid(core.thread.registers.asdict()))
    yield Section("memory maps", lambda: table(
        (">START", ">END", "PRT", ">BYTES", ">IN CORE", "TYPE", "PATH"),
        [_mapping(one, memory) for one in core.vmmap]))
    yield Section("files", lambda: table(
        ("FD", "TYPE", "OPEN", ">OFFSET", "NAME"), [_file(one) for one in core.files]))


# -- NetBSD ------------------------------------------------------------------------------------
def _netbsd_head(core: netbsd.core.Core) -> list[str]:
    p = core.procinfo
    found = [f"process   {p.pid} ({p.name})"]
    if core.signal is None:
        found.append("signal    none: the process lived on")
    else:
        to = f"LWP {p.siglwp}" if p.siglwp else "the process"
        found.append(f"signal    {name_of(core.signal)} ({to}), {name_of(p.code)}")
    return [*found, f"parent    {p.ppid}, group {p.pgrp}, session {p.sid}",
            f"user      {p.euid} (real {p.ruid}), group {p.egid} (real {p.rgid})"]


def _netbsd_lwp(one: netbsd.core.Lwp) -> Row:
    registers = one.registers
    try:
        name = one.status.name or "-"
    except NoNote:
        name = "-"
    return one.lwpid, name, f"{registers.pc:#x}", f"{registers.sp:#x}"


def _of_netbsd(core: netbsd.core.Core) -> Iterator[Section]:
    yield Section("", lambda: _netbsd_head(core))
    yield Section("LWPs", lambda: table(
        (">LWP", "NAME", ">PC", ">SP"), [_netbsd_lwp(one) for one in core.lwps]))
    yield Section(f"registers of {core.lwp.lwpid}", lambda: grid(core.lwp.registers.asdict()))
    yield Section("memory", lambda: _segments(core.memory))


# -- JSON --------------------------------------------------------------------------------------
def plain(value: object) -> object:
    """As JSON has it: enums by their names, flags and registers as numbers."""
    if isinstance(value, Flag):
        return value.value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, Record):
        return {name: plain(one) for name, one in value.asdict().items()}
    if isinstance(value, frozenset):
        return [plain(one) for one in sorted(value)]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    return value


Ask = Callable[[], object]


def _freebsd_fields(core: freebsd.core.Core) -> dict[str, Ask]:
    def of_thread(one: freebsd.core.Thread) -> dict[str, object]:
        return {"lwpid": one.lwpid, "tdname": _optional(lambda: one.tdname),
                "registers": one.registers.asdict(), "siginfo": _optional(lambda: one.siginfo)}

    def entry(limit: tuple[int | None, int | None]) -> object:
        return {"cur": limit[0], "max": limit[1]}

    return {
        "signal": lambda: core.signal, "prpsinfo": lambda: core.prpsinfo,
        "threads": lambda: [of_thread(one) for one in core.threads],
        "proc": lambda: core.proc, "files": lambda: core.files, "vmmap": lambda: core.vmmap,
        "groups": lambda: core.groups, "umask": lambda: core.umask,
        "rlimit": lambda: {key: entry((one.cur, one.max)) for key, one in core.rlimit.items()},
        "osrel": lambda: core.osrel, "ps_strings": lambda: core.ps_strings,
        "auxv": lambda: [{"type": one.type, "value": one.value} for one in core.auxv],
    }


def _netbsd_fields(core: netbsd.core.Core) -> dict[str, Ask]:
    def of_lwp(one: netbsd.core.Lwp) -> dict[str, object]:
        return {"lwpid": one.lwpid, "registers": one.registers.asdict(),
                "status": _optional(lambda: one.status)}

    return {
        "signal": lambda: core.signal, "procinfo": lambda: core.procinfo,
        "lwps": lambda: [of_lwp(one) for one in core.lwps],
        "auxv": lambda: [{"type": one.type, "value": one.value} for one in core.auxv],
    }


def _optional(ask: Ask) -> object:
    try:
        return ask()
    except NoNote:
        return None


def _document(system: str, core: freebsd.core.Core | netbsd.core.Core,
              fields: Mapping[str, Ask]) -> tuple[dict[str, object], list[str]]:
    """The object, and a line for each note that is damaged: null, as one that is not there."""
    made: dict[str, object] = {"system": system, "machine": core.machine}
    refused = []
    for name, ask in fields.items():
        made[name] = None
        try:
            made[name] = plain(_optional(ask))
        except BadCore as error:
            refused.append(f"{name}: {error}")
    made["segments"] = [
        {"address": one.address, "size": one.size, "filesz": one.filesz, "flags": one.flags.value}
        for one in core.memory.segments]
    return made, refused


# -- the command -------------------------------------------------------------------------------
def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="bsdproc core",
        description="Show what a core file of FreeBSD or NetBSD, of any machine, says: the "
        "process, what ended it, its threads, the registers of the one that died, its memory "
        "and its files. On any host, and without the program.")
    made.add_argument("--json", action="store_true",
                      help="everything as one object; null for a note that is not there")
    made.add_argument("file", metavar="FILE", help="the core, plain or compressed with gzip")
    return made


def main(argv: Sequence[str]) -> int:
    return session.run("core", _main, argv)


def _main(argv: Sequence[str]) -> int:
    options = parser().parse_args(argv)
    try:
        container = Container(options.file)
    except BadCore as error:
        raise session.Problem(shown(f"{options.file}: {error}")) from None
    except OSError as error:
        raise session.Problem(f"{options.file}: {(error.strerror or str(error)).lower()}") from None
    try:
        return _shown(container, options.json)
    except BadCore as error:
        raise session.Problem(shown(f"{options.file}: {error}")) from None
    finally:
        container.source.close()


def _shown(container: Container, as_json: bool) -> int:
    system = container.system
    core: freebsd.core.Core | netbsd.core.Core
    if system == "freebsd":
        core = fb = freebsd.core.decode(container)
        sections, fields = _of_freebsd(fb), _freebsd_fields(fb)
    else:
        core = nb = netbsd.core.decode(container)
        sections, fields = _of_netbsd(nb), _netbsd_fields(nb)
    refused: list[str] = []
    if as_json:
        document, refused = _document(system, core, fields)
        print(json.dumps(document, indent=1))
    else:
        print(f"core of   {system}/{core.machine}")
        for section in sections:
            try:
                lines = section.lines()
            except NoNote as error:
                lines = [f"({error})"]
            except BadCore as error:
                refused.append(f"{section.title or 'process'}: {error}")
                continue
            lines = list(map(shown, lines))
            print("\n".join([f"\n{section.title}", *lines] if section.title else lines))
    for line in refused:
        print(f"bsdproc core: {shown(line)}", file=sys.stderr)
    return session.FAILED if refused else 0
