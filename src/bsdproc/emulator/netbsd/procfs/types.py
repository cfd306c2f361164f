"""The types of procfs's nodes, as data: names, kinds, modes, numbers, and where each is shown.

What NetBSD's struct pfsnode and `procfs_loadvnode` say of every type; modes and kinds are those
of procfs_vfsops.c 1.112 and 1.114, names and order those that 7.99.4 lists.  `ctl` went before
these revisions; what came later follows NetBSD 10 and stands behind the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.procfs.view import Process

Shown = Callable[["Process", bool], bool]
"""Whether a process has the node, on a mount that is linux-compatible or not (pt_valid)."""


def always(process: Process, linux: bool) -> bool:
    return True


def of_linux(process: Process, linux: bool) -> bool:
    return linux


def with_file(process: Process, linux: bool) -> bool:
    """procfs_validfile: it runs a program."""
    return process.text is not None


def with_file_of_linux(process: Process, linux: bool) -> bool:
    return linux and process.text is not None


def of_user(process: Process, linux: bool) -> bool:
    """procfs_validregs, validfpregs and validmap: no process of the kernel's own."""
    return not process.kernel


def executed(process: Process, linux: bool) -> bool:
    """procfs_validauxv."""
    return not process.kernel and process.text is not None


@dataclass(frozen=True, slots=True)
class Type:
    """A node's type, PFS and its `key`."""

    key: str
    number: int
    """pfstype, of which file numbers are made."""
    name: str
    """In its directory; "" where that is a number."""
    kind: str
    mode: int
    listed: str
    """The kind that readdir tells, which is not always `kind`."""
    shown: Shown = always
    inside: str = ""
    """Below the root: the key of the directory it is in."""
    fixed: int = 0
    """Its file number, where none can be made of `number`."""

    @property
    def of_process(self) -> bool:
        return not self.inside and self.key not in ("root", "curproc", "self")


def _of_process() -> tuple[Type, ...]:
    read, both, write, mine, link = 0o444, 0o600, 0o200, 0o400, 0o555
    return (
        Type("fd", 19, "fd", "dir", 0o500, "dir"),
        Type("file", 4, "file", "reg", both, "reg", with_file),
        Type("mem", 6, "mem", "reg", both, "reg"),
        Type("regs", 7, "regs", "reg", both, "reg", of_user),
        Type("fpregs", 8, "fpregs", "reg", both, "reg", of_user),
        Type("stat", 10, "stat", "reg", read, "reg", with_file_of_linux),
        Type("status", 11, "status", "reg", read, "reg"),
        Type("note", 12, "note", "reg", write, "reg"),
        Type("notepg", 13, "notepg", "reg", write, "reg"),
        Type("map", 14, "map", "reg", mine, "reg", of_user),
        Type("maps", 18, "maps", "reg", mine, "reg", of_user),
        Type("cmdline", 15, "cmdline", "reg", read, "reg"),
        Type("exe", 5, "exe", "lnk", link, "reg", with_file),
        Type("cwd", 22, "cwd", "lnk", link, "lnk"),
        Type("chroot", 23, "root", "lnk", link, "lnk"),
        Type("emul", 24, "emul", "reg", read, "lnk"),
        Type("statm", 28, "statm", "reg", read, "reg", with_file_of_linux),
        Type("task", 30, "task", "dir", 0o555, "dir", with_file_of_linux),
        Type("auxv", 31, "auxv", "reg", mine, "reg", executed),
        Type("environ", 32, "environ", "reg", mine, "reg"),
        Type("limit", 33, "limit", "reg", read, "reg"),
        Type("limits", 34, "limits", "reg", read, "reg", with_file_of_linux),
    )


def _of_root() -> tuple[Type, ...]:
    plain = {"meminfo": 16, "cpuinfo": 17, "uptime": 20, "mounts": 21, "devices": 25, "stat": 26,
             "loadavg": 27, "version": 29}
    keys = {"stat": "cpustat"}
    found = [Type(keys.get(name, name), number, name, "reg", 0o444, "reg", of_linux, "root")
             for name, number in plain.items()]
    later = (("sysvipc", "sysvipc", "root"), ("sysvipc_msg", "msg", "sysvipc"),
             ("sysvipc_sem", "sem", "sysvipc"), ("sysvipc_shm", "shm", "sysvipc"),
             ("sys", "sys", "root"), ("sysfs", "fs", "sys"), ("mqueue", "mqueue", "sysfs"),
             *((f"mqueue_{name}", name, "mqueue") for name in (
                 "msg_default", "msg_max", "msgsize_default", "msgsize_max", "queues_max")))
    directories = {inside for _, _, inside in later}
    for fixed, (key, name, inside) in enumerate(later, UNUSED):
        kind, mode = ("dir", 0o555) if key in directories else ("reg", 0o444)
        found.append(Type(key, 35 + fixed, name, kind, mode, kind, of_linux, inside, fixed))
    return tuple(found)


UNUSED = 5
"""The first of the file numbers below those of pid 0: they serve what came after the records
and belongs to no process, for which the formula leaves none."""

ROOT = Type("root", 0, "", "dir", 0o555, "dir")
CURPROC = Type("curproc", 1, "curproc", "lnk", 0o555, "lnk")
SELF = Type("self", 2, "self", "lnk", 0o555, "lnk")
PROC = Type("proc", 3, "", "dir", 0o555, "dir")

IN_PROCESS = _of_process()
"""What a process's directory lists, in that order."""
IN_ROOT = _of_root()
"""What lies in the root beside the processes, and below."""
TYPES = {type.key: type for type in (ROOT, CURPROC, SELF, PROC, *IN_PROCESS, *IN_ROOT)}

FD, FILE, TASK = TYPES["fd"], TYPES["file"], TYPES["task"]
GUARDED = frozenset({"mem", "regs", "fpregs"})
"""Those that a process's own user, and only as long as it is not P_SUGID, and root may see."""


def fileno(pid: int, type: Type, fd: int = -1) -> int:
    """PROCFS_FILENO: a node's file number."""
    if type.number < PROC.number:
        return type.number + 2
    if type.fixed:
        return type.fixed
    if fd == -1:
        return (pid + 1 << 5) + type.number
    return (pid + 1 << 16) | fd << 5 | type.number
