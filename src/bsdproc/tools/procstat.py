"""`bsdproc procstat`: what processes are and have, in the manner of procstat(1)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Final, NamedTuple

from bsdproc import Reaper
from bsdproc.freebsd import kinfo
from bsdproc.freebsd.constants.kinfo import (
    FileFlags,
    FileSlot,
    FileType,
    KvmeProtection,
    Limit,
    ProcState,
    VmFlags,
    VmType,
    VnodeType,
)
from bsdproc.freebsd.kinfo import KinfoFile, KinfoProc, KinfoVmentry
from bsdproc.kernel import Kernel, KernelError
from bsdproc.tools import session

Row = tuple[object, ...]
AFTER = 0.01
"""Seconds of its own time that an emulated program has before it is looked at."""


class Table(NamedTuple):
    """What an option shows: the columns behind PID and COMM, and how to come by them."""

    help: str
    columns: tuple[str, ...]
    """Those that begin with > stand to the right."""
    rows: Callable[[Kernel, KinfoProc], Iterator[Row]]


# -- short words ---------------------------------------------------------------------
FILES: Final[Mapping[int, str]] = {
    FileType.KF_TYPE_NONE: "-", FileType.KF_TYPE_VNODE: "v", FileType.KF_TYPE_SOCKET: "s",
    FileType.KF_TYPE_PIPE: "p", FileType.KF_TYPE_FIFO: "f", FileType.KF_TYPE_KQUEUE: "k",
    FileType.KF_TYPE_MQUEUE: "m", FileType.KF_TYPE_SHM: "h", FileType.KF_TYPE_SEM: "e",
    FileType.KF_TYPE_PTS: "t", FileType.KF_TYPE_PROCDESC: "P", FileType.KF_TYPE_DEV: "D",
}
VNODES: Final[Mapping[int, str]] = {
    VnodeType.KF_VTYPE_VREG: "r", VnodeType.KF_VTYPE_VDIR: "d", VnodeType.KF_VTYPE_VBLK: "b",
    VnodeType.KF_VTYPE_VCHR: "c", VnodeType.KF_VTYPE_VLNK: "l", VnodeType.KF_VTYPE_VSOCK: "s",
    VnodeType.KF_VTYPE_VFIFO: "f", VnodeType.KF_VTYPE_VBAD: "x",
}
SLOTS: Final[Mapping[int, str]] = {
    FileSlot.KF_FD_TYPE_CWD: "cwd", FileSlot.KF_FD_TYPE_ROOT: "root",
    FileSlot.KF_FD_TYPE_JAIL: "jail", FileSlot.KF_FD_TYPE_TRACE: "trace",
    FileSlot.KF_FD_TYPE_TEXT: "text", FileSlot.KF_FD_TYPE_CTTY: "ctty",
}
OPENED: Final = (
    (FileFlags.KF_FLAG_READ, "r"), (FileFlags.KF_FLAG_WRITE, "w"), (FileFlags.KF_FLAG_APPEND, "a"),
    (FileFlags.KF_FLAG_ASYNC, "s"), (FileFlags.KF_FLAG_FSYNC, "f"),
    (FileFlags.KF_FLAG_NONBLOCK, "n"), (FileFlags.KF_FLAG_DIRECT, "d"),
    (FileFlags.KF_FLAG_HASLOCK, "l"),
)
BACKING: Final[Mapping[int, str]] = {
    VmType.KVME_TYPE_NONE: "--", VmType.KVME_TYPE_DEFAULT: "df", VmType.KVME_TYPE_VNODE: "vn",
    VmType.KVME_TYPE_SWAP: "sw", VmType.KVME_TYPE_DEVICE: "dv", VmType.KVME_TYPE_PHYS: "ph",
    VmType.KVME_TYPE_DEAD: "dd", VmType.KVME_TYPE_SG: "sg", VmType.KVME_TYPE_MGTDEVICE: "md",
    VmType.KVME_TYPE_GUARD: "gd",
}
MAPPED: Final = (
    (VmFlags.KVME_FLAG_COW, "C"), (VmFlags.KVME_FLAG_NEEDS_COPY, "N"),
    (VmFlags.KVME_FLAG_SUPER, "S"), (VmFlags.KVME_FLAG_GROWS_DOWN, "D"),
    (VmFlags.KVME_FLAG_GROWS_UP, "U"), (VmFlags.KVME_FLAG_USER_WIRED, "W"),
)
STATES: Final[Mapping[int, str]] = {
    ProcState.SIDL: "idle", ProcState.SRUN: "run", ProcState.SSLEEP: "sleep",
    ProcState.SSTOP: "stop", ProcState.SZOMB: "zomb", ProcState.SWAIT: "wait",
    ProcState.SLOCK: "lock",
}


def _letters(value: FileFlags | VmFlags,
             letters: Sequence[tuple[FileFlags, str]] | Sequence[tuple[VmFlags, str]]) -> str:
    bits = value.value
    return "".join(letter if bits & flag.value else "-" for flag, letter in letters)


# -- tables ------------------------------------------------------------------------------
def _processes(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield (p.ppid, p.pgid, p.sid, p.numthreads, p.login or "-", STATES.get(p.stat, str(p.stat)),
           p.wmesg or "-", p.tracer or "-", p.emul or "-")


def _arguments(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield (" ".join(kinfo.args(p.pid, kernel=kernel)) or "-",)


def _environment(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    try:
        yield (" ".join(kinfo.env(p.pid, kernel=kernel)) or "-",)
    except KernelError as error:
        if error.name != "ENOMEM":
            raise
        yield ("-",)        # what the kernel says of an empty one


def _binary(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield kinfo.osrel(p.pid, kernel=kernel), kinfo.pathname(p.pid, kernel=kernel) or "-"


def _credentials(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    groups = ",".join(map(str, kinfo.groups(p.pid, kernel=kernel)))
    yield p.uid, p.ruid, p.svuid, p.gid, p.rgid, p.svgid, groups


def _open_file(one: KinfoFile) -> Row:
    kind = FILES.get(one.type, str(one.type))
    detail = one.detail
    vnode = VNODES.get(detail.type, "-") if isinstance(detail, kinfo.VnodeDetail) else "-"
    slot = str(one.fd) if one.slot is None else SLOTS.get(one.slot, str(one.slot))
    return (slot, kind, vnode, _letters(one.flags, OPENED), one.ref_count, one.offset,
            one.path or "-")


def _files(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield from map(_open_file, kinfo.filedesc(p.pid, kernel=kernel))


def _limits(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for limit in Limit:
        try:
            found = kinfo.rlimit(p.pid, limit, kernel=kernel)
        except KernelError as error:
            if error.name != "EINVAL":
                raise
            continue        # a newer kernel's
        yield (limit.name.removeprefix("RLIMIT_").lower(),
               *("infinity" if n is None else n for n in (found.cur, found.max)))


def _usage(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    used = p.rusage
    yield from (("user time", f"{used.utime:.6f}"), ("system time", f"{used.stime:.6f}"),
                ("maximum RSS", f"{used.maxrss} KiB"), ("page faults without I/O", used.minflt),
                ("page faults with I/O", used.majflt), ("signals received", used.nsignals),
                ("voluntary switches", used.nvcsw), ("involuntary switches", used.nivcsw))


def _signals(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    from bsdproc.freebsd.constants.signals import Signal

    for one in Signal:
        yield (one.name, "P" if one in p.siglist else "-", "I" if one in p.sigignore else "-",
               "C" if one in p.sigcatch else "-", "B" if one in p.sigmask else "-")


def _threads(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for one in kinfo.threads(p.pid, kernel=kernel):
        yield (one.tid, one.tdname or "-", one.oncpu, one.pri.level,
               STATES.get(one.stat, str(one.stat)), one.wmesg or "-")


def _mapping(one: KinfoVmentry) -> Row:
    permits = "".join(letter if flag in one.protection else "-" for flag, letter in (
        (KvmeProtection.KVME_PROT_READ, "r"), (KvmeProtection.KVME_PROT_WRITE, "w"),
        (KvmeProtection.KVME_PROT_EXEC, "x")))
    return (f"{one.start:#x}", f"{one.end:#x}", permits, one.resident, one.private_resident,
            one.ref_count, one.shadow_count, _letters(one.flags, MAPPED),
            BACKING.get(one.type, str(one.type)), one.path or "-")


def _map(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    yield from map(_mapping, kinfo.vmmap(p.pid, kernel=kernel))


def _auxiliary(kernel: Kernel, p: KinfoProc) -> Iterator[Row]:
    for one in kinfo.auxv(p.pid, kernel=kernel):
        yield getattr(one.type, "name", str(one.type)), f"{one.value:#x}"


TABLES: Final[Mapping[str, Table]] = {
    "b": Table("program files", (">OSREL", "PATH"), _binary),
    "c": Table("arguments", ("ARGS",), _arguments),
    "e": Table("environments", ("ENVIRONMENT",), _environment),
    "f": Table("open files", ("FD", "T", "V", "FLAGS", ">REF", ">OFFSET", "NAME"), _files),
    "i": Table("signals: pending, ignored, caught, blocked", ("SIG", "P", "I", "C", "B"), _signals),
    "l": Table("resource limits", ("RLIMIT", ">SOFT", ">HARD"), _limits),
    "r": Table("resources used", ("RESOURCE", ">VALUE"), _usage),
    "s": Table("credentials", (">EUID", ">RUID", ">SVUID", ">EGID", ">RGID", ">SVGID", "GROUPS"),
               _credentials),
    "t": Table("threads", (">TID", "TDNAME", ">CPU", ">PRI", "STATE", "WCHAN"), _threads),
    "v": Table("memory maps", (">START", ">END", "PRT", ">RES", ">PRES", ">REF", ">SHD", "FLAG",
                               "TP", "PATH"), _map),
    "x": Table("auxiliary vectors", ("AUXV", ">VALUE"), _auxiliary),
}
PROCESSES: Final = Table(
    "processes", (">PPID", ">PGID", ">SID", ">THR", "LOGIN", "STATE", "WCHAN", ">TRACER", "EMUL"),
    _processes)


def shown(table: Table, kernel: Kernel, processes: Sequence[KinfoProc],
          header: bool = True) -> tuple[list[str], list[str]]:
    """A table's lines, and a line for each process that it could not be had of."""
    heads = (">PID", "COMM", *table.columns)
    rows: list[list[str]] = []
    refused: list[str] = []
    for p in processes:
        try:
            found = list(table.rows(kernel, p))
        except KernelError as error:
            why = f" ({error.reason})" if error.reason else ""
            refused.append(f"process {p.pid} ({p.comm}): {error.strerror}{why}")
            continue
        rows += [[str(p.pid), p.comm or "-", *map(str, row)] for row in found]
    titles = [head.removeprefix(">") for head in heads]
    lines = [titles, *rows] if header else rows
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)] if lines else []
    text = []
    for line in lines:
        cells = [cell.rjust(width) if head.startswith(">") else cell.ljust(width)
                 for cell, width, head in zip(line, widths, heads, strict=True)]
        text.append(" ".join(cells).rstrip())
    return text, refused


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="bsdproc procstat",
        description="Show what processes are and have. Without an option a line for each of them. "
        "Under --emulate the program is started and looked at, with its children.",
        usage="bsdproc procstat [-bcefilrstvx] [-h] (-a | PID ... | --emulate SYSTEM/MACHINE "
        "[--after SECONDS] [--] PROGRAM [ARGUMENT ...])", add_help=False)
    made.add_argument("--help", action="help", help="show this")
    for letter, table in TABLES.items():
        made.add_argument(f"-{letter}", dest="table", action="store_const", const=letter,
                          help=table.help)
    made.add_argument("-a", dest="all", action="store_true", help="all processes")
    made.add_argument("-h", dest="header", action="store_false", help="no line of titles")
    made.add_argument("--after", metavar="SECONDS", type=float, default=AFTER,
                      help=f"how long the emulated program has run by then ({AFTER})")
    session.add_emulate(made, "freebsd")
    made.add_argument("targets", metavar="PID", nargs=argparse.REMAINDER)
    return made


def main(argv: Sequence[str]) -> int:
    return session.run("procstat", _main, argv)


def _main(argv: Sequence[str]) -> int:
    made = parser()
    options = made.parse_args(argv)
    targets: list[str] = [one for i, one in enumerate(options.targets) if i or one != "--"]
    if bool(targets) == options.all:
        made.error("processes, -a, or a program with --emulate are wanted")
    table = PROCESSES if options.table is None else TABLES[options.table]
    with ExitStack() as stack:
        kernel = stack.enter_context(session.kernel(options.emulate, "freebsd"))
        if options.emulate and targets:
            chosen = _started(kernel, stack, targets, options.after)
        else:
            chosen = _chosen(kernel, targets)
        lines, refused = shown(table, kernel, chosen, options.header)
    print("\n".join(lines))
    for line in refused:
        print(f"bsdproc procstat: {line}", file=sys.stderr)
    return session.FAILED if refused else 0


def _chosen(kernel: Kernel, targets: Sequence[str]) -> list[KinfoProc]:
    if not targets:
        return sorted(kinfo.processes(kernel=kernel), key=lambda p: p.pid)
    found = []
    for target in targets:
        if not target.isdecimal():
            raise session.Problem(f"{target!r} is no process id", session.USAGE)
        try:
            found.append(kinfo.process(int(target), kernel=kernel))
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", error)
            raise session.Problem(f"process {target}: {why}") from None
    return found


def _started(kernel: Kernel, stack: ExitStack, words: Sequence[str],
             after: float) -> list[KinfoProc]:
    """A program that runs for a while, and its children; ended when the stack is left."""
    path = session.bring(kernel, words[0])
    reaper = stack.enter_context(Reaper(kernel=kernel))
    try:
        reaper.spawn(words, path=path, env=dict(os.environ))
    except OSError as error:
        raise session.refused(error, words[0], kernel) from None
    kernel.settle(after)
    below = sorted(one.pid for one in reaper.descendants)
    return [kinfo.process(pid, kernel=kernel) for pid in below]
