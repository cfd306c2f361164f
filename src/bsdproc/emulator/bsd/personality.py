"""What a system supplies to be emulated, beside the core that it shares.

The first half has to be said by every system; the second has an answer that most
of them keep.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from types import ModuleType

from bsdproc.emulator.bsd import signals
from bsdproc.emulator.bsd.cred import Cred
from bsdproc.emulator.bsd.entry import Entry
from bsdproc.emulator.bsd.kqueuerules import KqueueRules
from bsdproc.emulator.bsd.lockf import LockRules
from bsdproc.emulator.bsd.signo import SI_KERNEL, SIGSYS
from bsdproc.emulator.bsd.socketrules import SocketRules
from bsdproc.emulator.bsd.state import KSigInfo, Proc, Sleep, Thread
from bsdproc.emulator.elf import Image
from bsdproc.emulator.errno import EINVAL, EISDIR, ENOSYS, EPERM, Refused
from bsdproc.emulator.vfs import FileSystem, Found, Vnode

Work = Generator[Sleep | None, int, None]


class Personality(ABC):
    """One system as the core of its emulated kernel (`bsd.system.System`) knows it."""

    name: str
    """As `bsdproc.abi` knows it: "freebsd"."""
    title: str
    """As its users write it: "FreeBSD"."""
    release: str
    osreldate: int
    """__FreeBSD_version, __NetBSD_Version__, __DragonFly_version."""
    sysent: str
    """`Proc.sysent` of a program of its own."""
    machdep: ModuleType
    sig_max: int
    first_pid: int
    """The last pid that booting used."""
    cpus = 2
    text_busy_first = False
    """Opening a running program for writing is ETXTBSY before rights are looked at."""
    no_such_directory = EISDIR
    """Of open(2) with O_CREAT for a name that ends in a slash, and that is none yet."""
    directory_or_file = False
    """open(2) with O_DIRECTORY makes nothing, whatever O_CREAT says."""
    two_way_pipes = True
    """Both ends of a pipe read and write."""
    nice_until_refused = False
    """setpriority(2) of several ends with the first that it may not change."""
    writes_up_to_limit = False
    """write(2) beyond RLIMIT_FSIZE does what fits."""
    utime_now, utime_omit = -1, -2
    """UTIME_NOW and UTIME_OMIT."""
    one_interpreter = True
    """A program that names several is none; else the first of them counts."""
    closes_holes = False
    """What lies between an interpreter's segments is mapped, for no access."""
    linkers: frozenset[str] = frozenset()
    """Interpreters by which a program is known to be this system's."""
    exec_is_fatal = False
    """The old program is gone before the new one's parts are mapped (`exec_failed`)."""
    comm_max: int
    """Bytes of a process's name (MAXCOMLEN)."""
    sockets: SocketRules
    kqueues: KqueueRules
    lock_rules: LockRules
    due = staticmethod(signals.pending)
    """Whether `interrupted` would have something to do."""
    syscall_names: Mapping[int, str]
    machine: str
    syscalls: Mapping[int, Entry]

    @abstractmethod
    def boot_settings(self) -> dict[str, int | str | bytes]:
        """Writable sysctls by name, as the machine boots."""

    @abstractmethod
    def syscall_table(self) -> Mapping[int, Entry]:
        """Its system calls by number."""

    @abstractmethod
    def boot(self) -> None:
        """Make `kernel_proc` and `init`, and mount what is mounted at boot."""

    @abstractmethod
    def user_cred(self, p: Proc, uid: int, gid: int, groups: tuple[int, ...]) -> Cred:
        """Credentials of a user, all else as those of a process."""

    @abstractmethod
    def root_cred(self) -> Cred:
        """The superuser's credentials."""

    @abstractmethod
    def forked(self, parent: Proc, child: Proc, *, no_wait: bool = False) -> None:
        """A child's record has been made: what else of it the system keeps."""

    @abstractmethod
    def exec_done(self, td: Thread) -> None:
        """A program has taken the process over, and will run."""

    @abstractmethod
    def exit(self, td: Thread, code: int) -> Work:
        """exit(2): the process ends with this code."""

    @abstractmethod
    def driver_exit(self, td: Thread) -> None:
        """The end of a process that ran the caller's Python."""

    @abstractmethod
    def single_thread(self, td: Thread) -> Work:
        """Every other thread of the process goes."""

    @abstractmethod
    def trace_me(self, td: Thread) -> None:
        """PT_TRACE_ME."""

    @abstractmethod
    def set_id(self, td: Thread, vnode: Vnode) -> Cred | None:
        """Credentials that executing a file gives, None for those it has."""

    @abstractmethod
    def trap(self, td: Thread, ksi: KSigInfo) -> bool:
        """The thread's own instruction caused a signal.  True when it has
        stopped for it, False when the signal is on its way (`ast`)."""

    @abstractmethod
    def system_call(self, td: Thread) -> Work:
        """A system call from its entry to the return, stops and all."""

    @abstractmethod
    def exec_returns(self, td: Thread) -> Work:
        """The return from an execve that a process made whose program was
        the caller's Python until then."""

    @abstractmethod
    def ast(self, td: Thread) -> Work:
        """On the way back to the program: every signal that is due."""

    @abstractmethod
    def interrupted(self, td: Thread) -> Generator[Sleep | None, int, int]:
        """Signals before a sleep that they end: its error, 0 to go to sleep."""

    @abstractmethod
    def send(self, p: Proc, td: Thread | None, ksi: KSigInfo) -> None:
        """A signal to a process, or to one thread of it."""

    @abstractmethod
    def leave(self, td: Thread) -> Work:
        """A thread goes, since its process ends or execs (P.SINGLE_EXIT)."""

    @abstractmethod
    def sigexit(self, td: Thread, sig: int) -> Work:
        """A signal ends the process."""

    @abstractmethod
    def p_cansignal(self, td: Thread, p: Proc, sig: int) -> None:
        """EPERM, ESRCH where the thread may not signal the process."""

    @abstractmethod
    def p_cansee(self, td: Thread, p: Proc) -> None:
        """ESRCH where the process is not there for the thread."""

    def may_watch(self, td: Thread, p: Proc) -> None:
        """ESRCH, EACCES where a kqueue of the thread's may not hear of the process."""
        self.p_cansee(td, p)

    def exit_status(self, p: Proc) -> int:
        """How a process ended, as wait(2) tells it."""
        return p.xsig if p.xsig else p.xexit << 8

    @abstractmethod
    def reap(self, parent: Proc, p: Proc) -> None:
        """Take a zombie out of the process table, or give it back to its real parent."""

    @abstractmethod
    def may_raise_limits(self, td: Thread) -> None:
        """EPERM where the thread may not raise a hard limit."""

    def may_chroot(self, td: Thread) -> None:
        """EPERM where the thread may not change its process's root."""
        if td.proc.cred.uid != 0:
            raise Refused(EPERM)

    def leaves_root(self, p: Proc) -> bool:
        """Whether a process may change its root while it has directories open."""
        return True

    def may_link(self, td: Thread, node: Vnode) -> None:
        """EPERM where the thread may not give a file another name: by default all may."""
        return

    @abstractmethod
    def mount_boot(self, fs: FileSystem) -> None:
        """What is mounted when the machine has booted."""

    @abstractmethod
    def set_file_flags(self, td: Thread, node: Vnode, flags: int) -> None:
        """chflags(2): which there are, and who may set them."""

    @abstractmethod
    def path_limit(self, node: Vnode, name: int) -> int:
        """pathconf(2) by the system's own number; EINVAL."""

    def unfit(self, image: Image) -> str | None:
        """Why this kernel cannot run such a program."""
        if image.machine not in self.machdep.MACHINES:
            return f"is for {image.machine}, not {self.machine}"
        if image.system not in (self.name, None):
            return f"is a program of {image.system}"
        if len(image.interpreters) > 1 and self.one_interpreter:
            return "names several interpreters"
        if image.system is None and image.interpreter not in self.linkers:
            return "has no mark of its system (no note, no EI_OSABI)"
        return None

    def linker_paths(self, image: Image) -> tuple[str, ...]:
        """Where the interpreter that a program names is looked for, one after the other."""
        return image.interpreters[:1]

    def exec_path(self, p: Proc, path: str, found: str) -> str:
        """What a program is told of its file's path, of the one that it was asked for by and
        the one that it was found at."""
        return p.absolute(path)

    def looks_for(self, td: Thread, path: str) -> None:  # noqa: B027 (most have nothing to do)
        """An execve looks for the interpreter of a script or a program."""

    def exec_failed(self, td: Thread, refused: Refused) -> Work:
        """What becomes of a process whose new program could not be loaded: by default it
        goes on with the old one."""
        raise refused
        yield

    def user_errno(self, errno: int) -> int:
        """An error by the system's own number."""
        return errno

    def open_flags(self, flags: int) -> int:
        """The system's O_ flags as `bsd.files` has them."""
        return flags

    def creates(self, found: Found) -> int:
        """The error of open(2) with O_CREAT where it has found a file, 0."""
        return 0

    def refuse_call(self, td: Thread, name: str | None, args: tuple[int, ...]) -> int:
        """The error that a system call fails with before it is made, 0."""
        return 0

    def unknown_call(self, td: Thread, code: int) -> int:
        """A system call that there is not: its error."""
        self.send(td.proc, td, KSigInfo(SIGSYS, SI_KERNEL))
        return ENOSYS

    def cpu_clock(self, td: Thread, clock: int) -> int:
        """Nanoseconds on the clock of a thread or process that a negative number stands for."""
        raise Refused(EINVAL)

    def times(self, p: Proc) -> tuple[int, int]:
        """Nanoseconds that a process has run, in its program and in the kernel."""
        return p.usage.utime + sum(td.runtime for td in p.threads), p.usage.stime

    def reserved(self, pid: int) -> bool:
        """Whether a pid is not to be given to a new process."""
        return False

    def entropy(self) -> random.Random:
        """What /dev/random gives: the same on every run."""
        return random.Random(0)

    def syscalls_of(self, td: Thread) -> Mapping[int, Entry]:
        """The system calls of a thread's program, by number."""
        return self.syscalls

    def syscall_narg_of(self, td: Thread) -> Callable[[int], int]:
        """How many arguments each takes; none for one that there is not."""
        return self._narg

    def _narg(self, code: int) -> int:
        known = self.syscalls.get(code)
        return known[1] if known is not None else 0
