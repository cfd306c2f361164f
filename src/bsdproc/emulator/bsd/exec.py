"""execve: a program takes a process over.  The subject of kern_exec.c."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from bsdproc.emulator import elf
from bsdproc.emulator.bsd import linker
from bsdproc.emulator.bsd import signo as s
from bsdproc.emulator.bsd.file import access
from bsdproc.emulator.bsd.state import P, Proc, SigStack, Sleep, Thread
from bsdproc.emulator.bsd.syscalls.args import ARG_MAX
from bsdproc.emulator.errno import (
    E2BIG,
    EACCES,
    ECAPMODE,
    EJUSTRETURN,
    ENOEXEC,
    ETXTBSY,
    Refused,
)
from bsdproc.emulator.machine.memory import AddressSpace

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.system import System
    from bsdproc.emulator.vfs import Access, Vnode

MAXINTERP = 128


def _find(system: System, td: Thread, path: str) -> tuple[Vnode, str]:
    """The program's file, if the caller may execute it, and its full path by
    the name that it was found by."""
    if td.proc.cred.capmode:
        raise Refused(ECAPMODE)     # a script's interpreter, of what a descriptor names
    who = access(td)
    vnode = system.vfs.find(path, who)
    _may_run(system, who, vnode)
    return vnode, system.vfs.real_path(path, who)


def _find_interpreter(system: System, td: Thread, path: str) -> tuple[Vnode, str]:
    """The same for what a program names."""
    system.looks_for(td, path)
    return _find(system, td, path)


def _may_run(system: System, who: Access, vnode: Vnode) -> None:
    """exec_check_permissions."""
    if vnode.kind != "reg" or not vnode.mode & 0o111 or not system.vfs.access(
            vnode, who.cred, 1):
        raise Refused(EACCES)
    if vnode.writers:
        raise Refused(ETXTBSY)


def check_program(system: System, td: Thread, path: str) -> None:
    """Whether there is such a file, and the caller may execute it."""
    _find(system, td, path)


def _interpreter(data: bytes) -> tuple[str, list[str]] | None:
    """A script's first line: the program and its one argument."""
    if not data.startswith(b"#!"):
        return None
    line = data[2 : 2 + MAXINTERP].split(b"\n")[0].strip()
    if not line:
        raise Refused(ENOEXEC)
    words = line.decode("utf-8", "surrogateescape").split(None, 1)
    return words[0], words[1:]


def unfit(system: System, path: str, why: str) -> Refused:
    """A program that this kernel cannot run."""
    system.note(f"execve {path}: {why}")
    return Refused(ENOEXEC, why)


def check_size(argv: Sequence[bytes], env: Sequence[bytes]) -> None:
    """exec_copyin_args: E2BIG for strings that do not fit the kernel's room for them."""
    if sum(len(word) + 1 for words in (argv, env) for word in words) > ARG_MAX:
        raise Refused(E2BIG)


def image_of(system: System, data: bytes, path: str) -> elf.Image:
    """What a program's headers say, if this kernel runs such programs."""
    try:
        image = elf.parse(data, path)
    except elf.BadElf as e:
        raise unfit(system, path, str(e)) from None
    why = system.unfit(image)
    if why is not None:
        raise unfit(system, path, f"{path} {why}")
    return image


def name_of(path: str, most: int) -> str:
    """p_comm: the file's own name, cut to so many bytes."""
    name = path.rstrip("/").rsplit("/", 1)[-1].encode("utf-8", "surrogateescape")
    return name[:most].decode("utf-8", "surrogateescape")


class Program(NamedTuple):
    """What is to be executed: a script's interpreter in its place."""

    vnode: Vnode
    text_path: str
    """The file's full path."""
    execpath: str
    """What the program is told of it (AT_EXECPATH)."""
    image: elf.Image
    argv: list[bytes]


def _program(system: System, td: Thread, path: str, argv: Sequence[bytes],
             opened: Vnode | None) -> Program:
    """Find the program, unless it is open already, and whether this kernel can run it."""
    if opened is None:
        vnode, text_path = _find(system, td, path)
        execpath = system.exec_path(td.proc, path, text_path)
    else:
        vnode = opened
        _may_run(system, access(td), vnode)
        execpath = text_path = system.vfs.path_of(vnode)
    data = vnode.contents()
    script = _interpreter(data)
    if script is not None:
        interpreter, extra = script
        words = (interpreter, *extra, path)
        argv = [*(w.encode("utf-8", "surrogateescape") for w in words), *argv[1:]]
        try:
            vnode, text_path = _find_interpreter(system, td, interpreter)
        except Refused as e:
            raise Refused(e.errno, e.why or f"its interpreter is {interpreter}") from None
        data = vnode.contents()
        execpath = system.exec_path(td.proc, interpreter, text_path)
    return Program(vnode, text_path, execpath, image_of(system, data, execpath), list(argv))


def execve(system: System, td: Thread, path: str, argv: Sequence[bytes],
           env: Sequence[bytes], opened: Vnode | None = None,
           ) -> Generator[Sleep | None, int, int]:
    """kern_execve.  A failure leaves the process as it was, but for one that comes too
    late (`Personality.exec_failed`).  Of a file that is open already (fexecve) `path` is
    what a script's interpreter is told."""
    p = td.proc
    if p.singlethread is not None:
        yield from system.leave(td)      # another thread's exec or exit was first
    check_size(argv, env)
    p.flag |= P.INEXEC
    try:
        vnode, text_path, execpath, image, words = _program(system, td, path, argv, opened)
    finally:
        p.flag &= ~P.INEXEC
    new = system.set_id(td, vnode)
    space = AddressSpace(image.bits, engine=system.engine)
    try:
        base = system.machdep.image_base(system, p, image)
        loaded, linked_by = linker.load_program(
            system, p, space, image, vnode, base,
            lambda name: _find_interpreter(system, td, name)[0])
    except Refused as e:
        space.close()
        system.note(linker.complaint(execpath, e, fatal=system.exec_is_fatal))
        yield from system.exec_failed(td, e)
    _leave_old_space(p)
    p.space = space
    p.image, p.text, p.text_path, p.linker = image, vnode, text_path, linked_by
    p.osrel = image.osrel or 0
    p.text_start, p.data_start = loaded.text[0], elf.data_start(image, loaded)
    p.break_start = p.break_end = loaded.end_of_bss
    try:
        stack = system.machdep.setup_stack(system, p, image, loaded, words, list(env), execpath)
    except Refused as e:
        system.note(linker.complaint(execpath, e, fatal=system.exec_is_fatal))
        yield from system.exec_failed(td, e)
    p.files.close_on_exec(system, td)
    _reset_signals(p, td)
    p.title = None
    p.comm = name_of(path if opened is None else text_path or "(fexecv)", system.comm_max)
    td.name = p.comm
    p.flag |= P.EXEC
    if p.flag & P.PPWAIT:
        p.flag &= ~(P.PPWAIT | P.PPTRACE)
        system.wakeup(("pwait", p))
    if new is not None:
        p.cred = new
    td.dr = [0] * 16
    system.exec_done(td)
    system.machdep.exec_setregs(td, loaded.begins, stack)
    if len(p.threads) > 1:
        # post_execve: the others did not run since, and the new image is in place.
        yield from system.single_thread(td)
    return EJUSTRETURN


def _leave_old_space(p: Proc) -> None:
    if p.vfork_parent is not None:
        p.vfork_parent = None
    elif p.space is not None:
        p.space.close()


def _reset_signals(p: Proc, td: Thread) -> None:
    """execsigs: caught signals get their default back."""
    for sig, action in list(p.sigacts.actions.items()):
        if action.handler > s.SIG_IGN or sig == s.SIGCHLD:
            p.sigacts.actions[sig] = action.default()
            if sig in s.DEFAULT_IGNORED and sig != s.SIGCONT:
                p.sigqueue.delete(sig)
                td.sigqueue.delete(sig)
    p.sigacts.flag_nocldwait = p.sigacts.flag_cldsigign = False
    td.sigstk = SigStack()
