"""The emulated DragonFly 5.9: what it adds to `bsd.system`, and how it does
what each system does in its own way."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, BinaryIO, NoReturn, cast

from bsdproc.abi.syscalls import DRAGONFLY as SYSCALL_NAMES
from bsdproc.emulator.bsd import entry, files
from bsdproc.emulator.bsd.signo import SIGTRAP, TRAP_TRACE
from bsdproc.emulator.bsd.system import TURN
from bsdproc.emulator.bsd.system import Deadlock as Deadlock
from bsdproc.emulator.bsd.system import System as BsdSystem
from bsdproc.emulator.bsd.system import ThreadExited as ThreadExited
from bsdproc.emulator.caller import CallerMemory
from bsdproc.emulator.dragonfly import (
    attributes,
    cred,
    descriptors,
    exec,
    exit,
    limits,
    procfs,
    proctree,
    ptrace,
    signals,
    syscalls,
)
from bsdproc.emulator.dragonfly.flags import Stat
from bsdproc.emulator.dragonfly.reaper import Reaper
from bsdproc.emulator.dragonfly.signo import SIG_MAX, SIGSYS
from bsdproc.emulator.dragonfly.state import (
    MAXCOMLEN,
    KSigInfo,
    P,
    Proc,
    ProcessGroup,
    Run,
    Session,
    Sleep,
    Thread,
    Tty,
)
from bsdproc.emulator.dragonfly.x86_64 import machdep
from bsdproc.emulator.errno import EACCES, EINTR, EINVAL, EJUSTRETURN, EOPNOTSUPP, EPERM, Refused

if TYPE_CHECKING:
    from bsdproc.emulator.bsd import state
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.personality import Work
    from bsdproc.emulator.elf import Image
    from bsdproc.emulator.vfs import FileSystem, Vnode

O_CLOEXEC, O_DIRECTORY = 0x20000, 0x08000000
ALIKE = 0x1FFFF & ~0xF000
"""O_ flags whose number is the core's: up to O_DIRECT."""
NO_MEMORY = CallerMemory(0, 0)
"""Of a caller who passes no address."""


class KernelBug(Refused):
    """What a real DragonFly does not survive, or answers with what is not the
    caller's: not emulated."""

    def __init__(self, what: str) -> None:
        super().__init__(EOPNOTSUPP)
        self.what = what

    def __str__(self) -> str:
        return self.what


class System(BsdSystem):
    """One emulated machine with DragonFly's kernel and one processor."""

    name = "dragonfly"
    title = "DragonFly"
    release: str = "5.9-DEVELOPMENT"
    osreldate: int = 500901
    sysent = "DragonFly ELF64"
    sockets = descriptors.SOCKETS
    kqueues = descriptors.KQUEUES
    lock_rules = descriptors.LOCKS
    machdep = machdep
    sig_max = SIG_MAX
    first_pid = 800
    cpus: int = 1
    comm_max = MAXCOMLEN
    due = staticmethod(signals.due)
    syscall_names = SYSCALL_NAMES

    kernel_proc: Proc
    init: Proc
    allproc: dict[int, Proc]
    """`procs`: all of its own kind."""

    def __init__(self, machine: str = "x86_64", *, stdout: BinaryIO | None = None,
                 stderr: BinaryIO | None = None) -> None:
        self.addresses: dict[int, int] = {}
        """What the kernel's addresses of things are said to be."""
        self.ttys: dict[int, Tty] = {}
        """Controlling terminals by session."""
        self.prisons: list[cred.Prison] = []
        self.random = self.entropy()
        super().__init__(machine, stdout=stdout, stderr=stderr)

    def process_table(self) -> dict[int, state.Proc]:
        self.allproc = {}
        return cast("dict[int, state.Proc]", self.allproc)

    # -- as it boots -------------------------------------------------------------
    def boot_settings(self) -> dict[str, int | str | bytes]:
        return {
            "kern.ps_argsopen": 1,
            "kern.ps_arg_cache_limit": 256,
            "kern.stackgap_random": 1024,
            "security.ps_showallprocs": 1,
            "security.ps_showallthreads": 1,
        }

    def syscall_table(self) -> Mapping[int, Entry]:
        return syscalls.table()

    def mount_boot(self, fs: FileSystem) -> None:
        procfs.mount(self, fs)

    def boot(self) -> None:
        swapper = self._process(0, None, "swapper", P.SYSTEM)
        init = self._process(1, swapper, "init", P.SYSTEM | P.EXEC)
        self.kernel_proc, self.init = swapper, init
        init.args = [b"/sbin/init", b"--"]
        init.args_cache = b"/sbin/init\0--\0"
        init.text_path = "/sbin/init"
        swapper.reaping = init.reaping = Reaper(None, init)
        for p, message in ((swapper, "nowork"), (init, "wait")):
            td = p.lwps[0]
            td.run, td.sleep = Run.SLEEPING, Sleep(p, message)

    def _process(self, pid: int, parent: Proc | None, name: str, flag: int) -> Proc:
        """A process that runs no program of ours, in a session of its own."""
        p = Proc(pid, parent, cred.ROOT)
        p.sysent = self.sysent
        p.stat = Stat.ACTIVE
        p.flag = flag
        p.comm = name
        p.driver = True
        p.files = files.FileTable()
        p.pgrp = ProcessGroup(pid, Session(pid, p), [p])
        p.started = self.clock
        self.pgrps[pid], self.allproc[pid] = p.pgrp, p
        if parent is not None:
            parent.children.insert(0, p)
        self.add_thread(p, Thread(p, self.new_tid(p), None))
        return p

    def new_driver(self) -> Proc:
        p = self._process(self.new_pid(), self.init, "python", P.EXEC)
        p.args, p.env = [files.PYTHON.encode()], [b"HOME=/root", b"PATH=/bin:/usr/bin"]
        p.args_cache = files.PYTHON.encode() + b"\0"
        p.text, p.text_path = self.vfs.lookup(files.PYTHON), files.PYTHON
        p.files = files.standard_table(self.stdout, self.stderr)
        p.rlimits[limits.CORE] = (0, 0)
        p.reaping = self.init.reaping
        return p

    def root_cred(self) -> cred.Cred:
        return cred.ROOT

    def user_cred(self, p: state.Proc, uid: int, gid: int,
                  groups: tuple[int, ...]) -> cred.Cred:
        assert isinstance(p, Proc)
        return cred.user(uid, gid, groups, p.cred.prison)

    def open_flags(self, flags: int) -> int:
        """O_CLOEXEC and O_DIRECTORY have other numbers, and some are its own."""
        given = flags & ALIKE
        for theirs, ours in ((O_CLOEXEC, files.O_CLOEXEC), (O_DIRECTORY, files.O_DIRECTORY)):
            if flags & theirs:
                given |= ours
        return given

    # -- processes and lwps ---------------------------------------------------------
    def new_tid(self, p: state.Proc) -> int:
        """Numbers of lwps begin at 1 in each process and are not used again
        while there are new ones."""
        assert isinstance(p, Proc)
        p.last_tid += 1
        return p.last_tid

    def set_file_flags(self, td: state.Thread, node: Vnode, flags: int) -> None:
        assert isinstance(td, Thread)
        attributes.set_flags(self, td, node, flags)

    def path_limit(self, node: Vnode, name: int) -> int:
        return attributes.limit(node, name)

    def kernel_thread(self) -> Thread:
        return Thread(self.kernel_proc, 0, None)

    def times(self, p: state.Proc) -> tuple[int, int]:
        assert isinstance(p, Proc)
        used = [td.usage for td in p.lwps]
        user, in_kernel = super().times(p)
        return user + sum(u.utime for u in used), in_kernel + sum(u.stime for u in used)

    def add_thread(self, p: state.Proc, td: state.Thread) -> None:
        p.threads.append(td)
        td.started = self.clock
        if not p.driver:
            self._run_queue.append(td)

    def remove_thread(self, td: state.Thread) -> None:
        td.run = Run.DEAD
        td.exited = True
        self._forget_sleep(td)
        if td in self._run_queue:
            self._run_queue.remove(td)

    def close(self) -> None:
        for p in self.allproc.values():
            for td in p.lwps:
                if td.kernel is not None:
                    td.kernel.close()
                    td.kernel = None
        super().close()

    def forked(self, parent: state.Proc, child: state.Proc, *, no_wait: bool = False) -> None:
        """`fork.new_process` does it all."""

    def exec_done(self, td: state.Thread) -> None:
        """`exec.execve` does it all."""

    def unfit(self, image: Image) -> str | None:
        return exec.unfit(image)

    def proc_reparent(self, child: state.Proc, parent: state.Proc, *,
                      set_oppid: bool = False) -> None:
        assert isinstance(child, Proc)
        assert isinstance(parent, Proc)
        proctree.reparent(self, child, parent)

    def proc_realparent(self, child: state.Proc) -> Proc:
        """getppid(2) tells the tracer, while there is one."""
        parent = child.parent
        assert isinstance(parent, Proc)
        return parent

    def exit(self, td: state.Thread, code: int) -> Work:
        assert isinstance(td, Thread)
        return exit.exit1(self, td, (code & 0xFF) << 8)

    def driver_exit(self, td: state.Thread) -> None:
        assert isinstance(td, Thread)
        exit.driver_exit(self, td)

    def single_thread(self, td: state.Thread) -> Work:
        assert isinstance(td, Thread)
        return exit.killlwps(self, td)

    def trace_me(self, td: state.Thread) -> None:
        assert isinstance(td, Thread)
        ptrace.ptrace(self, td, ptrace.PT_TRACE_ME, 0, 0, 0, NO_MEMORY)

    def set_id(self, td: state.Thread, vnode: Vnode) -> cred.Cred | None:
        assert isinstance(td.proc, Proc)
        return exec.set_id(td.proc, vnode)

    def reap(self, parent: state.Proc, p: state.Proc) -> None:
        assert isinstance(parent, Proc)
        assert isinstance(p, Proc)
        exit.collect(self, parent, p)

    def p_cansignal(self, td: state.Thread, p: state.Proc, sig: int) -> None:
        assert isinstance(td, Thread)
        assert isinstance(p, Proc)
        if not signals.cansignal(self, td, p, sig):
            raise Refused(EPERM)

    def may_watch(self, td: state.Thread, p: state.Proc) -> None:
        """PRISON_CHECK: EACCES."""
        assert isinstance(td.proc, Proc)
        assert isinstance(p, Proc)
        if not cred.prison_check(td.proc.cred, p.cred):
            raise Refused(EACCES)

    def exit_status(self, p: state.Proc) -> int:
        assert isinstance(p, Proc)
        return p.xstat

    def p_cansee(self, td: state.Thread, p: state.Proc) -> None:
        """Nobody asks for another's group or session in vain."""

    def may_raise_limits(self, td: state.Thread) -> None:
        assert isinstance(td.proc, Proc)
        cred.priv_check(td.proc.cred)

    def shares_files(self, p: Proc) -> bool:
        """Another process has the same descriptors, after an rfork without RFFDG."""
        return any(q is not p and not q.zombie and q.files is p.files
                   for q in self.allproc.values())

    def text_path(self, p: Proc) -> str:
        """Where the program is found now: by the name that its file has got,
        and for one without a name by the last that it had."""
        if p.text is None:
            return p.text_path
        try:
            moved = self.vfs.lookup(p.text_path) is not p.text
        except Refused:
            moved = True
        if moved:
            p.text_path = self.vfs.path_of(p.text) or p.text_path
        return p.text_path

    def coredump(self, td: Thread, sig: int) -> bool:
        """Whether a core file was written: never, which is told where one was due."""
        p = td.proc
        if limits.limit(p, limits.CORE)[0] and not p.flag & P.SUGID:
            self.note(f"process {p.pid} ({p.comm}): signal {sig} would write a core file,"
                      " which is not implemented")
        return False

    def kernel_bug(self, what: str) -> NoReturn:
        """Refuse what the real kernel gets wrong."""
        self.note(what)
        raise KernelBug(what)

    # -- signals -------------------------------------------------------------------
    def send(self, p: state.Proc, td: state.Thread | None, ksi: KSigInfo) -> None:
        assert isinstance(p, Proc)
        assert td is None or isinstance(td, Thread)
        signals.lwpsignal(self, p, td, ksi.signo)

    def trap(self, td: state.Thread, ksi: KSigInfo) -> bool:
        assert isinstance(td, Thread)
        if ksi.signo == SIGTRAP:
            td.step = False
        signals.trapsignal(self, td, ksi.signo, ksi.code)
        if td.kernel is None:
            td.kernel = signals.userret(self, td)
        return False

    def ast(self, td: state.Thread) -> Work:
        assert isinstance(td, Thread)
        self.machdep.interrupted(td)
        return signals.userret(self, td)

    def interrupted(self, td: state.Thread) -> Generator[Sleep | None, int, int]:
        assert isinstance(td, Thread)
        return signals.interrupted(self, td)

    def leave(self, td: state.Thread) -> Work:
        assert isinstance(td, Thread)
        return exit.lwp_exit(self, td)

    def sigexit(self, td: state.Thread, sig: int) -> Work:
        assert isinstance(td, Thread)
        return exit.sigexit(self, td, sig)

    # -- system calls --------------------------------------------------------------
    def system_call(self, td: state.Thread) -> Work:
        assert isinstance(td, Thread)
        self.clock += entry.NS_PER_SYSCALL
        td.usage.stime += entry.NS_PER_SYSCALL
        stepping = td.step
        error = entry.fetch(self, td)
        if error == 0:
            error = yield from entry.call(self, td, td.sc_code, td.sc_args)
        td.errno = error
        if error != EJUSTRETURN:
            self.machdep.set_syscall_retval(td, error, td.retval)
        if stepping:
            td.step = False
            signals.trapsignal(self, td, SIGTRAP, TRAP_TRACE)
        yield from signals.userret(self, td)

    def exec_returns(self, td: state.Thread) -> Work:
        assert isinstance(td, Thread)
        return signals.userret(self, td)

    def unknown_call(self, td: state.Thread, code: int) -> int:
        """nosys."""
        self.send(td.proc, td, KSigInfo(SIGSYS))
        return EINVAL

    # -- the scheduler -------------------------------------------------------------
    def go_to_sleep(self, td: state.Thread, sleep: Sleep) -> None:
        assert isinstance(td, Thread)
        if td.leaving and sleep.interruptible:
            td.woken = EINTR
            return
        td.slept = self.clock
        super().go_to_sleep(td, sleep)

    def runnable(self, td: state.Thread) -> bool:
        return td.run is Run.READY

    def _run_thread(self, td: state.Thread, limit: int | None) -> None:
        assert isinstance(td, Thread)
        ends = self.clock + TURN
        while td.run is Run.READY:
            if td.kernel is not None:
                if not self._run_kernel(td):
                    return
            elif td.leaving:
                td.kernel = exit.lwp_exit(self, td)
            elif self.due(td):
                td.kernel = self.ast(td)
            elif td.oldsigmask is not None:
                td.sigmask, td.oldsigmask = td.oldsigmask, None
            else:
                frame = td.md
                if frame is None or frame.due:
                    ksi = self.machdep.userret(td)
                    if ksi is not None:
                        self.trap(td, ksi)
                        continue
                if entry.run_user(self, td, limit):
                    self.machdep.interrupted(td)
                    return
                if self.clock >= ends:
                    return
