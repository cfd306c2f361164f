"""The emulated FreeBSD 13.2: what it adds to `bsd.system`, and how it does
what each system does in its own way."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from bsdproc.abi.syscalls import FREEBSD as SYSCALL_NAMES
from bsdproc.emulator.bsd import itimers, kqueue, proctree
from bsdproc.emulator.bsd.signo import SIG_MAX, SIGABRT
from bsdproc.emulator.bsd.state import (
    DEFAULT_ACTION,
    P2,
    TDB,
    KSigInfo,
    MapFlag,
    P,
    Proc,
    Run,
    Sleep,
    Thread,
)
from bsdproc.emulator.bsd.system import Deadlock as Deadlock
from bsdproc.emulator.bsd.system import ThreadExited as ThreadExited
from bsdproc.emulator.bsd.system import names
from bsdproc.emulator.caller import CallerMemory
from bsdproc.emulator.errno import ECAPMODE, ENOENT, ENOSYS, Refused
from bsdproc.emulator.freebsd import (
    aio,
    attributes,
    capsicum,
    cred,
    descriptors,
    entry,
    exit,
    fastblock,
    fork,
    ktrace,
    procctl,
    procfs,
    ptrace,
    reaper,
    sched,
    signals,
    syscalls,
    timers,
)
from bsdproc.emulator.freebsd.amd64 import machdep
from bsdproc.emulator.freebsd.amd64.abi import ELF32, ELF64
from bsdproc.emulator.freebsd.ptrace.numbers import PT_TRACE_ME
from bsdproc.emulator.freebsd.syscalls import (
    clocks,
    freebsd32,
    modules,
    processors,
    sysvmsg,
    sysvsem,
    sysvshm,
    umutex,
)
from bsdproc.emulator.freebsd.syscalls.capability import ENABLED
from bsdproc.emulator.freebsd.syscalls.numbers import ABSENT, ABSENT_32

if TYPE_CHECKING:
    from bsdproc.emulator.bsd.entry import Entry
    from bsdproc.emulator.bsd.personality import Work
    from bsdproc.emulator.elf import Image
    from bsdproc.emulator.vfs import FileSystem, Vnode

ELFOSABI_FREEBSD = 9
PTRACE_NOT_REQUESTS = ("PT_FIRSTMACH",)
PROCCTL_NOT_COMMANDS = ("PROC_PROCCTL_MD_MIN",)
INIT = "/sbin/init"
PS_STRINGS_SIZE = 32
NO_STACK = (1 << 64) - PS_STRINGS_SIZE
"""Where ps_strings lies below a stack that ends at 0."""
LINKER_32 = "/libexec/ld-elf32.so.1"
"""Which i386's programs mean by one of the other names."""
AFORK = 1
"""In p_acflag: forked, and no program of its own since."""
NO_MEMORY = CallerMemory(0, 0)
"""Of a caller who passes no address."""


class System(sched.Turns):
    """One emulated machine with FreeBSD's kernel."""

    name = "freebsd"
    title = "FreeBSD"
    release: str = "13.2-RELEASE"
    osreldate: int = 1302001
    sysent = ELF64.name
    machdep = machdep
    sig_max = SIG_MAX
    no_such_directory = ENOENT
    directory_or_file = True
    writes_up_to_limit = True
    first_pid = 700
    comm_max = 19
    exec_is_fatal = True
    linkers = frozenset(("/libexec/ld-elf.so.1", "/usr/libexec/ld-elf.so.1"))
    syscall_names = SYSCALL_NAMES
    sockets = descriptors.SOCKETS
    kqueues = descriptors.KQUEUES
    lock_rules = descriptors.LOCKS

    def __init__(self, machine: str = "amd64", *, stdout: BinaryIO | None = None,
                 stderr: BinaryIO | None = None) -> None:
        self.random = self.entropy()
        """arc4random."""
        self.messages: list[str] = []
        """The lines of the kernel's message buffer."""
        super().__init__(machine, stdout=stdout, stderr=stderr)
        self.robust: dict[Thread, umutex.Lists] = {}
        """Of the threads that told where they have robust mutexes."""
        self.cpusets = processors.Sets()
        self.msg, self.sem, self.shm = sysvmsg.table(), sysvsem.table(), sysvshm.table()
        self.ktraced: dict[Proc, ktrace.Trace] = {}
        self.aio: dict[Proc, aio.Requests] = {}
        self.undos: dict[Proc, sysvsem.Undo] = {}
        """What of System V's semaphores the end of a process undoes."""
        self.environment = modules.boot_environment(self.vfs.mounts[0])
        """What kenv(1) shows."""
        self.syscalls32 = freebsd32.table(self.syscalls)
        self.ptrace_names = names(self.target, "PT_", PTRACE_NOT_REQUESTS)
        self.procctl_names = names(self.target, "PROC_", PROCCTL_NOT_COMMANDS)

    # -- as it boots -------------------------------------------------------------
    def boot_settings(self) -> dict[str, int | str | bytes]:
        return {
            "security.bsd.unprivileged_proc_debug": 1,
            "security.bsd.see_other_uids": 1,
            "security.bsd.see_other_gids": 1,
            "security.bsd.see_jail_proc": 1,
            "kern.kill_on_debugger_exit": 1,
            "kern.ps_arg_cache_limit": 256,
            "kern.ps_argsopen": 1,
            "kern.ps_showallprocs": 1,
        }

    def syscall_table(self) -> Mapping[int, Entry]:
        return syscalls.table()

    def mount_boot(self, fs: FileSystem) -> None:
        procfs.mount(self, fs)

    def boot(self) -> None:
        self.prison0 = cred.prison_zero(self.settings)
        self.kernel_proc = self.system_process(0, None, "kernel", P.SYSTEM | P.KPROC)
        self.kernel_proc.sysent, self.kernel_proc.osrel = "null", self.osreldate
        self.kernel_proc.ps_strings = NO_STACK
        self.kernel_proc.session.login = ""
        self.asleep(self.kernel_proc, "swapin").name = "swapper"
        self.init = self.system_process(1, self.kernel_proc, "init", P.SYSTEM | P.EXEC)
        self.init.map_flags, self.init.osrel = MapFlag.ASLR, self.osreldate
        self.init.text, self.init.text_path = self.vfs.install(INIT, b"", 0o500), INIT
        self.asleep(self.init, "wait")
        self.init.reaper = self.init
        self.init.args = [INIT.encode()]
        proctree.become_reaper(self.init)
        self.init.reap_subtree = reaper.INIT_SUBTREE

    def asleep(self, p: Proc, message: str) -> Thread:
        """Those two do nothing but wait."""
        td = p.threads[0]
        td.run, td.sleep = Run.SLEEPING, Sleep(p, message, interruptible=False)
        return td

    def root_cred(self) -> cred.Cred:
        return cred.root_cred(self.prison0)

    def user_cred(self, p: Proc, uid: int, gid: int,
                  groups: tuple[int, ...]) -> cred.Cred:
        return cred.Cred.of(uid, gid, cred.ucred(p).prison, groups)

    # -- processes -----------------------------------------------------------------
    def reserved(self, pid: int) -> bool:
        return reaper.reserved(self, pid)

    def new_pid(self) -> int:
        return fork.find_pid(self)

    def new_driver(self) -> Proc:
        """Forked by whoever wanted it, as a test's runner does: no execve of its own."""
        p = super().new_driver()
        p.flag &= ~P.EXEC
        p.stack_size = ELF64.maxssiz
        p.stack_base = ELF64.usrstack - p.stack_size
        p.ps_strings = ELF64.usrstack - PS_STRINGS_SIZE
        return p

    def forked(self, parent: Proc, child: Proc, *, no_wait: bool = False) -> None:
        child.acflag = AFORK
        procctl.procctl_fork(parent, child)
        reaper.reaper_fork(self, parent, child, no_wait=no_wait)
        self.cpusets.forked(parent, child)
        if parent in self.ktraced:
            ktrace.forked(self, parent, child)
        if parent.kqueues:
            kqueue.forked(self, parent, child)

    def set_file_flags(self, td: Thread, node: Vnode, flags: int) -> None:
        attributes.set_flags(td, node, flags)

    def path_limit(self, node: Vnode, name: int) -> int:
        return attributes.limit(node, name)

    def new_timers(self, p: Proc) -> timers.Timers:
        return timers.Timers(self, p)

    def exec_done(self, td: Thread) -> None:
        p = td.proc
        p.acflag &= ~AFORK
        procctl.procctl_exec(p)
        fastblock.clear(td)
        kqueue.executed(self, p)
        itimers.executed(p)
        self.robust.pop(td, None)
        if p in self.aio:
            aio.rundown(self, p)
        if p in self.ktraced:
            ktrace.executed(self, td)
        if p.ptevents & entry.PTRACE_EXEC:
            td.dbgflags |= TDB.EXEC

    def unfit(self, image: Image) -> str | None:
        """A program without a mark may be taken for this system's."""
        brand = int(self.settings.get(f"kern.elf{image.bits}.fallback_brand", -1))
        if image.system is None and brand == ELFOSABI_FREEBSD:
            image = replace(image, system=self.name)
        return super().unfit(image)

    def linker_paths(self, image: Image) -> tuple[str, ...]:
        """load_interp: i386's has a name of its own."""
        paths = super().linker_paths(image)
        return (LINKER_32, *paths) if image.bits == 32 and paths[0] in self.linkers else paths

    def exec_path(self, p: Proc, path: str, found: str) -> str:
        """vn_fullpath_hardlink for a relative one: without dots and links, from its root on."""
        top = p.root.rstrip("/")
        return found.removeprefix(top) if path[0] != "/" and found.startswith(f"{top}/") else path

    def looks_for(self, td: Thread, path: str) -> None:
        if td.proc in self.ktraced:
            ktrace.named(self, td, path)

    def exec_failed(self, td: Thread, refused: Refused) -> Work:
        """The old program is no more when the new one's parts are mapped."""
        return exit.exit1(self, td, 0, SIGABRT)

    def cpu_clock(self, td: Thread, clock: int) -> int:
        return clocks.cpu_clock(self, td, clock)

    def exit(self, td: Thread, code: int) -> Work:
        return exit.exit1(self, td, code)

    def driver_exit(self, td: Thread) -> None:
        exit.driver_exit(self, td)

    def single_thread(self, td: Thread) -> Work:
        return exit.single_thread(self, td)

    def trace_me(self, td: Thread) -> None:
        ptrace.ptrace(self, td, PT_TRACE_ME, 0, 0, 0, NO_MEMORY)

    def set_id(self, td: Thread, vnode: Vnode) -> cred.Cred | None:
        new = cred.setid_exec(self, td, vnode)
        if new is not None and td.proc in self.ktraced:
            ktrace.set_id(self, td.proc)
        return new

    def unknown_call(self, td: Thread, code: int) -> int:
        """nosys, which kern.lognosys has say so; one that there could be is just not there."""
        if code in (ABSENT_32 if td.proc.sysent == ELF32.name else ABSENT):
            return ENOSYS
        if int(self.settings.get("kern.lognosys", 0)) & 2:
            self.messages.append(f"pid {td.proc.pid} comm {td.proc.comm}: nosys {code}")
        return super().unknown_call(td, code)

    def p_cansignal(self, td: Thread, p: Proc, sig: int) -> None:
        cred.p_cansignal(self, td, p, sig)

    def p_cansee(self, td: Thread, p: Proc) -> None:
        cred.p_cansee(self, td, p)

    def may_chroot(self, td: Thread) -> None:
        if not (self.settings.get("security.bsd.unprivileged_chroot", 0)
                and td.proc.flag2 & P2.NO_NEW_PRIVS):
            cred.priv_check(td, cred.Priv.VFS_CHROOT)

    def leaves_root(self, p: Proc) -> bool:
        """1 is for those only that are in no chroot yet."""
        may = int(self.settings.get("kern.chroot_allow_open_directories", 1))
        return may not in (0, 1) or (may == 1 and p.root == "/")

    def may_link(self, td: Thread, node: Vnode) -> None:
        who = cred.ucred(td.proc)
        for what, own in (("uid", node.uid == who.uid), ("gid", who.member(node.gid))):
            if self.settings.get(f"security.bsd.hardlink_check_{what}", 0) and not own:
                cred.priv_check(td, cred.Priv.VFS_LINK)

    def may_raise_limits(self, td: Thread) -> None:
        cred.priv_check(td, cred.Priv.PROC_SETRLIMIT)

    def reap(self, parent: Proc, p: Proc) -> None:
        exit.reap(self, parent, p)

    # -- signals -------------------------------------------------------------------
    def send(self, p: Proc, td: Thread | None, ksi: KSigInfo) -> None:
        signals.tdsendsignal(self, p, td, ksi)

    # What happens at every stop is the function itself, not a method that calls it.
    trap = signals.trap
    leave_trap = signals.leave_trap

    def ast(self, td: Thread) -> Work:
        return signals.ast(self, td)

    def interrupted(self, td: Thread) -> Generator[Sleep | None, int, int]:
        return signals.interrupted(self, td)

    def leave(self, td: Thread) -> Work:
        return exit.thread_exit(self, td)

    def sigexit(self, td: Thread, sig: int) -> Work:
        if td.proc in self.ktraced:
            code = td.si.code if td.si is not None and td.si.signo == sig else 0
            ktrace.signal(self, td, sig, DEFAULT_ACTION, td.sigmask, code)
        return exit.sigexit(self, td, sig)

    # -- system calls --------------------------------------------------------------
    def system_call(self, td: Thread) -> Work:
        """While a process is traced by ktrace(2), calls of all are looked at."""
        return (ktrace.system_call if self.ktraced else entry.system_call)(self, td)

    exec_returns = entry.syscall_return

    def refuse_call(self, td: Thread, name: str | None, args: tuple[int, ...]) -> int:
        if td.sigblock_address is not None and self.settings.get(
                "kern.sigfastblock_fetch_always", 0):
            signals.look_at_word(self, td)
        p = td.proc
        if p.files.limited and (error := capsicum.refused(td, name, args)):
            return error
        return ECAPMODE if p.cred.capmode and name not in ENABLED else 0

    def syscalls_of(self, td: Thread) -> Mapping[int, Entry]:
        return self.syscalls32 if td.proc.sysent == ELF32.name else self.syscalls

    def syscall_narg_of(self, td: Thread) -> Callable[[int], int]:
        return self._narg32 if td.proc.sysent == ELF32.name else self._narg

    def _narg32(self, code: int) -> int:
        known = self.syscalls32.get(code)
        return known[1] if known is not None else 0
