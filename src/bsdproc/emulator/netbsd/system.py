"""The emulated NetBSD 10: how it does what each system does in its own way."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from bsdproc.abi.syscalls import NETBSD as SYSCALL_NAMES
from bsdproc.emulator.bsd import itimers, kqueue
from bsdproc.emulator.bsd.signo import SIGSTOP
from bsdproc.emulator.bsd.state import KSigInfo, P, Proc, Sleep, Thread
from bsdproc.emulator.bsd.system import System as BsdSystem
from bsdproc.emulator.bsd.system import names
from bsdproc.emulator.errno import EEXIST, EPERM, Refused
from bsdproc.emulator.netbsd import (
    attributes,
    cred,
    descriptors,
    entry,
    exit,
    mounts,
    ptrace,
    signals,
    syscalls,
    sysctl,
    timers,
)
from bsdproc.emulator.netbsd.amd64 import machdep
from bsdproc.emulator.netbsd.errno import OWN
from bsdproc.emulator.netbsd.procfs.mount import ProcfsModule, Revision
from bsdproc.emulator.netbsd.procfs.process import ProcessView
from bsdproc.emulator.netbsd.signo import NSIG, TRAP_EXEC
from bsdproc.emulator.netbsd.state import lwp, tracing

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.personality import Work
    from bsdproc.emulator.vfs import FileSystem, Found, Vnode

NOT_REQUESTS = ("PT_DYNAMIC", "PT_FIRSTMACH", "PT_INTERP", "PT_LOAD", "PT_NOTE", "PT_NULL",
                "PT_PHDR", "PT_SHLIB", "PT_STRINGS", "PT_MACHDEP_STRINGS", "PT_TLS", "PT_NUM")
"""Of <elf.h>, or no request."""
O_OWN = {0x80000: 0x10000, 0x200000: 0x20000, 0x400000: 0x100000, 0x4000000: 0x40000}
"""O_DIRECT, O_DIRECTORY, O_CLOEXEC, O_EXEC: NetBSD's number and the shared one."""
O_SAME = 0xFFF


class System(BsdSystem):
    """One emulated machine with NetBSD's kernel."""

    name = "netbsd"
    due = staticmethod(signals.due)
    utime_now, utime_omit = (1 << 30) - 1, (1 << 30) - 2
    title = "NetBSD"
    release: str = "10.0"
    osreldate: int = 1000000000
    sysent = "netbsd"
    machdep = machdep
    sig_max = NSIG - 1
    first_pid = 700
    comm_max = 16
    syscall_names = SYSCALL_NAMES
    text_busy_first = True
    one_interpreter = False
    closes_holes = True
    two_way_pipes = False
    nice_until_refused = True
    sockets = descriptors.SOCKETS
    kqueues = descriptors.KQUEUES
    lock_rules = descriptors.LOCKS
    procfs: ProcfsModule

    def __init__(self, machine: str = "amd64", *, procfs_revision: Revision = "1.114",
                 stdout: BinaryIO | None = None, stderr: BinaryIO | None = None) -> None:
        self.procfs_revision = procfs_revision
        super().__init__(machine, stdout=stdout, stderr=stderr)
        self.ptrace_names = names(self.target, "PT_", NOT_REQUESTS)

    # -- as it boots -------------------------------------------------------------
    def boot_settings(self) -> dict[str, int | str | bytes]:
        return {
            cred.SECURELEVEL: -1, cred.CURTAIN: 0, cred.USER_SET_DBREGS: 0,
            "kern.hostname": "emulated", "kern.maxproc": 1044, "kern.defcorename": "%n.core",
            "proc.curproc.corename": "%n.core",
        }

    def syscall_table(self) -> Mapping[int, Entry]:
        return syscalls.table()

    def boot(self) -> None:
        self.kernel_proc = self.system_process(0, None, "system", P.SYSTEM)
        self.init = self.system_process(1, self.kernel_proc, "init", 0)
        self.init.reaper = self.init
        self.init.args = [b"init"]

    def root_cred(self) -> cred.Cred:
        return cred.of(0, 0)

    def user_cred(self, p: Proc, uid: int, gid: int,
                  groups: tuple[int, ...]) -> cred.Cred:
        return cred.of(uid, gid, groups)

    # -- processes -----------------------------------------------------------------
    def new_tid(self, p: Proc) -> int:
        """LWPs have pids' numbers: the first one its process's own."""
        return self.new_pid() if p.threads else p.pid

    def kernel_thread(self) -> Thread:
        """With a number that nobody sees."""
        return Thread(self.kernel_proc, 0, None)

    def new_timers(self, p: Proc) -> timers.Timers:
        return timers.Timers(self, p)

    def set_file_flags(self, td: Thread, node: Vnode, flags: int) -> None:
        attributes.set_flags(self, td, node, flags)

    def path_limit(self, node: Vnode, name: int) -> int:
        return attributes.limit(node, name)

    def reserved(self, pid: int) -> bool:
        return pid in self.threads

    def free_tid(self, tid: int, *, process: bool = False) -> None:
        """Numbers are not used again until all have been."""

    def forked(self, parent: Proc, child: Proc, *, no_wait: bool = False) -> None:
        t = tracing(child)
        t.corename = tracing(parent).corename
        t.paxflags = tracing(parent).paxflags
        t.stop_fork = tracing(parent).stop_fork
        t.stop_exec, t.stop_exit = tracing(parent).stop_exec, tracing(parent).stop_exit
        if parent.kqueues:
            kqueue.forked(self, parent, child)

    def set_id(self, td: Thread, vnode: Vnode) -> cred.Cred | None:
        return cred.setid_exec(td, vnode)

    def exec_done(self, td: Thread) -> None:
        self.procfs.executed(self.procfs_view(td.proc))
        kqueue.executed(self, td.proc)
        itimers.executed(td.proc)
        own = lwp(td)
        own.named, own.private, own.step = "", 0, False
        td.proc.sigacts.tramps.clear()

    def exec_stops(self, td: Thread) -> Work:
        """The stop that a tracer sees behind an execve, or that proc.PID.stopexec asks for."""
        p = td.proc
        if p.flag & P.TRACED:
            yield from signals.event(self, td, TRAP_EXEC, 0, 0)
        elif tracing(p).stop_exec:
            signals.stop_process(self, p, SIGSTOP)
            yield None

    def exit(self, td: Thread, code: int) -> Work:
        return exit.exit1(self, td, code)

    def driver_exit(self, td: Thread) -> None:
        exit.driver_exit(self, td)

    def single_thread(self, td: Thread) -> Work:
        return exit.single_thread(self, td)

    def reap(self, parent: Proc, p: Proc) -> None:
        exit.reap(self, parent, p)

    def trace_me(self, td: Thread) -> None:
        ptrace.trace_me(self, td)

    def p_cansignal(self, td: Thread, p: Proc, sig: int) -> None:
        cred.cansignal(self, td, p, sig)

    def p_cansee(self, td: Thread, p: Proc) -> None:
        cred.cansee(self, td, p)

    def may_watch(self, td: Thread, p: Proc) -> None:
        cred.may_watch(td, p)

    def may_raise_limits(self, td: Thread) -> None:
        if td.proc.cred.uid != 0:
            raise Refused(EPERM)

    # -- signals -------------------------------------------------------------------
    def send(self, p: Proc, td: Thread | None, ksi: KSigInfo) -> None:
        signals.send(self, p, td, ksi)

    def trap(self, td: Thread, ksi: KSigInfo) -> bool:
        return signals.trap(self, td, ksi)

    def ast(self, td: Thread) -> Work:
        return signals.ast(self, td)

    def interrupted(self, td: Thread) -> Generator[Sleep | None, int, int]:
        return signals.interrupted(self, td)

    def leave(self, td: Thread) -> Work:
        return exit.lwp_exit(self, td)

    def sigexit(self, td: Thread, sig: int) -> Work:
        return exit.sigexit(self, td, sig)

    # -- system calls --------------------------------------------------------------
    def system_call(self, td: Thread) -> Work:
        return entry.system_call(self, td)

    def exec_returns(self, td: Thread) -> Work:
        return self.exec_stops(td)

    def sysctl(self, td: Thread, mib: tuple[int, ...], room: int | None,
               new: bytes | None) -> tuple[bytes, int]:
        """The value, and the bytes that it takes."""
        return sysctl.sysctl(self, td, mib, room, new)

    def user_errno(self, errno: int) -> int:
        return OWN.get(errno, errno)

    def open_flags(self, flags: int) -> int:
        found = flags & O_SAME
        for own, common in O_OWN.items():
            if flags & own:
                found |= common
        return found

    # -- files -----------------------------------------------------------------------
    def mount_boot(self, fs: FileSystem) -> None:
        mounts.boot(self, fs)

    def procfs_view(self, p: Proc) -> ProcessView:
        """A process as its procfs looks at it."""
        return ProcessView(self, p)

    def creates(self, found: Found) -> int:
        """namei(9): EEXIST for what lies on another file system than the name that led to it."""
        crosses = found.vnode is not None and found.vnode.mount is not found.directory.mount
        return EEXIST if crosses else 0
