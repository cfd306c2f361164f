"""/proc: what a scenario reads and writes there, through `bsdproc.freebsd.procfs`.

A scenario opens a node, transfers bytes and closes it; the typed functions do all
three.  So a node that they know is opened on paper, and the transfer is the call.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from bsdproc.freebsd import procfs
from bsdproc.freebsd.constants.kinfo import Limit
from bsdproc.freebsd.constants.ptrace import VmProtection
from bsdproc.freebsd.registers import DEBUG, FLOATING, GENERAL

from . import encode
from .tally import Inexpressible

if TYPE_CHECKING:
    from bsdproc.kernel import Kernel

O_RDONLY, O_WRONLY = 0, 1
_NODE: Final = re.compile(r"/proc/(\d+)/(\w+)")
_DIRECTORY: Final = re.compile(r"/proc/(\d+)")


class Node(NamedTuple):
    """A node that a scenario has opened."""

    pid: int
    name: str
    path: str
    flags: int
    mode: int


def node(path: str, flags: int, mode: int) -> Node | None:
    """The node of a path, if the typed functions can do with it what the flags say."""
    found = _NODE.fullmatch(path)
    ways = {O_RDONLY: READERS, O_WRONLY: WRITERS}.get(flags)
    if found is None or ways is None or found[2] not in ways:
        return None
    return Node(int(found[1]), found[2], path, flags, mode)


# -- texts, made anew --------------------------------------------------------------------


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "-1,-1"
    whole = int(seconds)
    return f"{whole},{round((seconds - whole) * 1_000_000)}"


def _status(k: Kernel, pid: int) -> bytes:
    s = procfs.status(pid, kernel=k)
    name = "".join(c if 33 <= ord(c) <= 126 and c != "\\" else f"\\{ord(c):03o}" for c in s.name)
    words = [
        name or "\\000", s.pid, s.ppid, s.pgid, s.sid, s.tty or "-", ",".join(s.flags) or "noflags",
        _time(s.start), _time(s.user), _time(s.system), s.wmesg or "nochan", s.uid, s.ruid,
        ",".join(map(str, (s.rgid, *s.groups))), s.jail or "-",
    ]  # fmt: skip
    return " ".join(map(str, words)).encode() + b"\n"


def _map(k: Kernel, pid: int) -> bytes:
    lines = []
    for e in procfs.map(pid, kernel=k):
        rights = "".join(letter if right in e.protection else "-"
                         for letter, right in zip("rwx", VmProtection, strict=False))
        charged = "NCH -1" if e.charged is None else f"CH {e.charged}"
        lines.append(
            f"{e.start:#x} {e.end:#x} {e.resident} {e.private_resident} "
            f"{f'{e.obj:#x}' if e.obj else '0'} {rights} {e.ref_count} {e.shadow_count} "
            f"0x{e.flags:x} {'COW' if e.cow else 'NCOW'} {'NC' if e.needs_copy else 'NNC'} "
            f"{e.type} {e.path or '-'} {charged}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


_IDENTS: Final = {Limit.RLIMIT_UMTXP: "umtx"}


def _rlimit(k: Kernel, pid: int) -> bytes:
    def word(which: Limit | str) -> str:
        if not isinstance(which, Limit):
            return which
        return _IDENTS.get(which, which.name.removeprefix("RLIMIT_").lower())

    def bound(value: int | None) -> str:
        return "-1" if value is None else str(value)
    return "".join(
        f"{word(which)} {bound(limit.cur)} {bound(limit.max)}\n"
        for which, limit in procfs.rlimit(pid, kernel=k).items()
    ).encode()


def _cmdline(k: Kernel, pid: int) -> bytes:
    return b"".join(map(encode.text, procfs.cmdline(pid, kernel=k)))


Text = Callable[["Kernel", int], bytes]
READERS: Final[dict[str, Text | None]] = {
    "status": _status,
    "map": _map,
    "rlimit": _rlimit,
    "cmdline": _cmdline,
    "etype": lambda k, pid: encode.text(procfs.etype(pid, kernel=k))[:-1] + b"\n",
    "osrel": lambda k, pid: b"%d\n" % procfs.osrel(pid, kernel=k),
    "mem": None,
    "regs": None,
    "fpregs": None,
    "dbregs": None,
}
WRITERS: Final = {"mem", "regs", "fpregs", "dbregs", "osrel", "note", "notepg"}


# -- transfers --------------------------------------------------------------------------------


def read(k: Kernel, at: Node, size: int, offset: int) -> bytes:
    """A node's bytes from `offset`."""
    text = READERS.get(at.name)
    if text is not None:
        return text(k, at.pid)[offset : offset + size]
    if at.name == "mem":
        return procfs.read_mem(at.pid, offset, size, kernel=k)
    if offset != 0:
        raise Inexpressible("registers from their midst")
    getters: dict[str, Callable[..., object]] = {
        "regs": procfs.regs, "fpregs": procfs.fpregs, "dbregs": procfs.dbregs}
    if at.name not in getters:
        raise Inexpressible("a node that is not for reading")
    found = getters[at.name](at.pid, kernel=k)
    assert isinstance(found, GENERAL[k.machine] | FLOATING[k.machine] | DEBUG[k.machine])
    return bytes(found)[:size]


def write(k: Kernel, at: Node, data: bytes, offset: int) -> int:
    """Write a node from `offset`; how many bytes were taken."""
    if at.name == "mem":
        return procfs.write_mem(at.pid, offset, data, kernel=k)
    if offset != 0:
        raise Inexpressible("a node from its midst")
    match at.name:
        case "regs":
            procfs.set_regs(at.pid, GENERAL[k.machine](data), kernel=k)
        case "fpregs":
            procfs.set_fpregs(at.pid, FLOATING[k.machine](data), kernel=k)
        case "dbregs":
            procfs.set_dbregs(at.pid, DEBUG[k.machine](data), kernel=k)
        case "osrel":
            procfs.set_osrel(at.pid, procfs.parse_number(data), kernel=k)
        case "note":
            return procfs.note(at.pid, data, kernel=k)
        case "notepg":
            return procfs.notepg(at.pid, data, kernel=k)
        case _:
            raise Inexpressible("a node that is not for writing")
    return len(data)


# -- names ------------------------------------------------------------------------------------


def listdir(k: Kernel, path: str) -> list[str]:
    """The root's names, or a process's."""
    found = _DIRECTORY.fullmatch(path.rstrip("/"))
    if found is not None:
        return list(procfs.nodes(int(found[1]), kernel=k))
    if path != procfs.ROOT:
        raise Inexpressible("a path that is no directory of procfs")
    procfs.curproc(kernel=k)
    return ["curproc", *map(str, procfs.pids(kernel=k))]


_FORMATS: Final = {"directory": 0o040000, "file": 0o100000, "link": 0o120000}
_STAT: Final = re.compile(r"/proc/(\d+)(?:/(\w+))?")


def stat(k: Kernel, path: str) -> tuple[int, int]:
    """A node's mode with its type, and its size."""
    found = _STAT.fullmatch(path)
    if found is None:
        raise Inexpressible("a path that is no node of a process")
    node = procfs.stat(int(found[1]), found[2] or "", kernel=k)
    return _FORMATS[node.kind] | node.mode, node.size


def readlink(k: Kernel, path: str) -> str:
    """curproc, or a process's program."""
    if path == f"{procfs.ROOT}/curproc":
        return str(procfs.curproc(kernel=k))
    found = _NODE.fullmatch(path)
    if found is None or found[2] != "file":
        raise Inexpressible("a link that procfs does not have")
    return procfs.file(int(found[1]), kernel=k) or "unknown"
