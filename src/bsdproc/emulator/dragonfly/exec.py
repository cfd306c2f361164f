"""execve: a program takes a process over.  The subject of kern_exec.c."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Final

from bsdproc.emulator import elf
from bsdproc.emulator.bsd import exec as exec_
from bsdproc.emulator.bsd import kqueue, linker
from bsdproc.emulator.bsd.exec import Program
from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.dragonfly import exit
from bsdproc.emulator.dragonfly import signo as s
from bsdproc.emulator.dragonfly.cred import Cred
from bsdproc.emulator.dragonfly.flags import AcctFlag
from bsdproc.emulator.dragonfly.kern_proc import PARGS
from bsdproc.emulator.dragonfly.signals import execsigs, ksignal
from bsdproc.emulator.dragonfly.state import MAXCOMLEN, P, Proc, Sleep, Thread
from bsdproc.emulator.dragonfly.x86_64.stack import parts
from bsdproc.emulator.errno import (
    EACCES,
    EJUSTRETURN,
    ENOEXEC,
    ETXTBSY,
    Refused,
)
from bsdproc.emulator.machine.memory import AddressSpace

if TYPE_CHECKING:
    from bsdproc.emulator.dragonfly.system import System
    from bsdproc.emulator.vfs import Vnode

LINKER: Final = "/libexec/ld-elf.so.2"
"""By which a program is known to be this system's."""
MAXSHELLCMDLEN: Final = 128


def _find(system: System, td: Thread, path: str) -> tuple[Vnode, str]:
    """exec_check_permissions: the program's file, if the caller may execute it."""
    who = access(td)
    vnode = system.vfs.find(path, who)
    if vnode.kind != "reg" or not vnode.mode & 0o111:
        raise Refused(EACCES)
    if vnode.size == 0:
        raise Refused(ENOEXEC)
    if not system.vfs.access(vnode, who.cred, 1):
        raise Refused(EACCES)
    if vnode.writers:
        raise Refused(ETXTBSY)
    return vnode, system.vfs.real_path(path, who)


def _interpreter(data: bytes) -> tuple[str, list[str]] | None:
    """A script's first line: the program and its arguments, word by word."""
    if not data.startswith(b"#!"):
        return None
    words = data[2:MAXSHELLCMDLEN].split(b"\n")[0].decode("utf-8", "surrogateescape").split()
    if not words:
        raise Refused(ENOEXEC)
    return words[0], words[1:]


def _program(system: System, td: Thread, path: str, argv: Sequence[bytes]) -> Program:
    """Find the program, and whether this kernel can run it."""
    vnode, text_path = _find(system, td, path)
    data, execpath = vnode.contents(), path
    if not argv:
        argv = [path.encode("utf-8", "surrogateescape")]
    script = _interpreter(data)
    if script is not None:
        interpreter, words = script
        argv = [w.encode("utf-8", "surrogateescape")
                for w in (interpreter, *words, path)] + list(argv[1:])
        try:
            vnode, text_path = _find(system, td, interpreter)
        except Refused as e:
            raise Refused(e.errno, e.why or f"its interpreter is {interpreter}") from None
        data, execpath = vnode.contents(), interpreter
    return Program(vnode, text_path, execpath, exec_.image_of(system, data, execpath), list(argv))


def execve(system: System, td: Thread, path: str, argv: Sequence[bytes],
           env: Sequence[bytes]) -> Generator[Sleep | None, int, int]:
    """kern_execve.  Up to the new address space a failure leaves the process
    as it was; one that comes later is its end."""
    p = td.proc
    exec_.check_size(argv, env)
    vnode, text_path, execpath, image, argv = _program(system, td, path, argv)
    new = set_id(p, vnode)
    base = system.machdep.image_base(image)
    if len(p.lwps) > 1:
        yield from exit.killlwps(system, td)
    space = AddressSpace(64, engine=system.engine)
    try:
        loaded, linked_by = linker.load_program(
            system, p, space, image, vnode, base, lambda name: _find(system, td, name)[0])
    except Refused as e:
        space.close()
        system.note(linker.complaint(execpath, e, fatal=True))
        yield from exit.exit1(system, td, s.SIGABRT)
    if p.vfork_parent is not None:
        p.vfork_parent = None
    elif p.space is not None:
        p.space.close()
    p.space, p.image, p.text, p.text_path = space, image, vnode, text_path
    p.linker = linked_by
    p.osrel = image.osrel or 0
    p.break_start = p.break_end = loaded.end_of_bss
    (p.text_start, p.text_pages), (p.data_start, p.data_pages) = parts(image, loaded)
    stack = system.machdep.setup_stack(system, p, image, loaded, argv, env, execpath)
    p.files = p.files.copy() if system.shares_files(p) else p.files
    p.files.close_on_exec(system, td)
    execsigs(p, td)
    p.comm = exec_.name_of(execpath, MAXCOMLEN)
    td.name = p.comm
    p.flag |= P.EXEC
    p.acflag &= ~AcctFlag.FORK
    if p.flag & P.PPWAIT:
        p.flag &= ~P.PPWAIT
        system.wakeup(("ppwait", p))
    if new is not None:
        p.cred = new
        p.flag |= P.SUGID
    elif p.cred.uid == p.cred.ruid and p.cred.gid == p.cred.rgid:
        p.flag &= ~P.SUGID
    p.cred = p.cred.copy(svuid=p.cred.uid, svgid=p.cred.gid)
    kqueue.executed(system, p)
    if p.flag & P.TRACED:
        ksignal(system, p, s.SIGTRAP)
    td.dr[:] = [0] * len(td.dr)
    system.machdep.exec_setregs(td, loaded.begins, stack)
    p.title = td.title = None
    text = b"".join(word + b"\0" for word in argv)
    fits = len(text) + PARGS <= int(system.settings["kern.ps_arg_cache_limit"])
    p.args_cache = text if fits else None
    return EJUSTRETURN


def unfit(image: elf.Image) -> str | None:
    """Why this kernel cannot run such a program."""
    if image.machine != "amd64":
        return f"is for {image.machine}, not x86_64"
    if image.system not in ("dragonfly", None):
        return f"is a program of {image.system}"
    if len(image.interpreters) > 1:
        return "names several interpreters"
    if image.system is None and image.interpreter != LINKER:
        return "has no mark of its system (no DragonFly note)"
    return None


def set_id(p: Proc, vnode: Vnode) -> Cred | None:
    """Credentials that executing a set-id file gives; None for none, and
    while somebody traces the process."""
    at = vnode.attributes()
    suid = bool(at.mode & 0o4000) and p.cred.uid != at.uid
    sgid = bool(at.mode & 0o2000) and p.cred.gid != at.gid
    if not (suid or sgid) or p.flag & P.TRACED:
        return None
    cred = p.cred.copy(uid=at.uid) if at.mode & 0o4000 else p.cred
    return cred.with_gid(at.gid) if at.mode & 0o2000 else cred
