"""What procfs looks at: a kernel and its processes, seen through a narrow window.

The emulated kernel has an implementation of these; the tests have others, with the state that
was recorded on a real one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bsdproc.emulator.netbsd.procfs.linux import (
        Cpu,
        Devices,
        Memory,
        MessageQueue,
        Messages,
        MountLine,
        Semaphores,
        SharedMemory,
        Ticks,
        Version,
    )
    from bsdproc.emulator.netbsd.procfs.texts import MapEntry, PidStat, Statm, Status
    from bsdproc.emulator.vnode import Access, Vnode


class Holder(Protocol):
    """A credential (kauth_cred_t): effective ids and the real user."""

    @property
    def uid(self) -> int: ...

    @property
    def gid(self) -> int: ...

    @property
    def ruid(self) -> int: ...


class OpenFile(Protocol):
    """struct file, as a descriptor's node shows it."""

    @property
    def type(self) -> str:
        """DTYPE_: "vnode", "pipe", "socket", "kqueue", "misc", "sem", or another."""

    @property
    def vnode(self) -> Vnode | None: ...

    @property
    def file(self) -> object:
        """What reads and writes it."""

    @property
    def cred(self) -> Holder:
        """Who opened it."""


class Lwp(Protocol):
    """The thread whose registers are shown."""

    @property
    def stopped(self) -> bool:
        """LSSTOP."""

    def getregs(self) -> bytes: ...

    def setregs(self, data: bytes) -> None:
        """EINVAL for values that no program may have."""

    def getfpregs(self) -> bytes: ...

    def setfpregs(self, data: bytes) -> None: ...


class Process(Protocol):
    """struct proc."""

    @property
    def pid(self) -> int: ...

    @property
    def kernel(self) -> bool:
        """PK_SYSTEM."""

    @property
    def sugid(self) -> bool:
        """PK_SUGID."""

    @property
    def cred(self) -> Holder: ...

    @property
    def init(self) -> bool:
        """initproc."""

    @property
    def started(self) -> int:
        """Nanoseconds since the epoch."""

    @property
    def emul(self) -> str:
        """"netbsd"."""

    @property
    def text(self) -> Vnode | None:
        """The program it runs."""

    @property
    def text_path(self) -> str:
        """p_path: how it was found."""

    @property
    def cwd(self) -> Vnode | None:
        """None for a directory that is no more."""

    @property
    def root(self) -> Vnode: ...

    @property
    def lwp(self) -> Lwp | None:
        """The newest that has not ended."""

    def files(self) -> Mapping[int, OpenFile]: ...

    @property
    def slots(self) -> int:
        """dt_nfiles: how many descriptors its table has room for."""

    @property
    def segments(self) -> int:
        """Bytes of text, data and stack together."""

    def map(self) -> Sequence[MapEntry]:
        """Its memory map, without paths."""

    def read_memory(self, address: int, size: int) -> bytes:
        """EINVAL where nothing is mapped, whatever the protection."""

    def write_memory(self, address: int, data: bytes) -> None: ...

    @property
    def memory_end(self) -> int:
        """VM_MAXUSER_ADDRESS."""

    def arguments(self) -> bytes:
        """Each with a NUL behind it."""

    def environment(self) -> bytes: ...

    def auxv(self) -> bytes: ...

    @property
    def auxv_size(self) -> int:
        """es_arglen."""

    def limits(self) -> Sequence[tuple[int, int]]:
        """By RLIMIT_ number: soft and hard."""

    def status(self) -> Status: ...

    def pid_stat(self) -> PidStat: ...

    def statm(self) -> Statm: ...


class Host(Protocol):
    """The kernel."""

    def find(self, pid: int, linux: bool) -> Process | None:
        """procfs_proc_find: no zombie, 0 for the kernel's own; `linux`: an LWP's id will do."""

    def processes(self) -> Iterable[Process]:
        """allproc, the newest first."""

    def asker(self, who: Access) -> Process:
        """Whose call this is (curproc)."""

    def can_see(self, asker: Process, process: Process) -> bool:
        """KAUTH_REQ_PROCESS_CANSEE_ENTRY."""

    def is_under(self, process: Process, asker: Process) -> bool:
        """proc_isunder: it lives at or below the asker's root directory."""

    @property
    def securelevel(self) -> int: ...

    def path(self, vnode: Vnode, asker: Process) -> str:
        """getcwd_common: where a directory or file is below the asker's root; "" elsewhere."""

    def file_path(self, vnode: Vnode, asker: Process) -> str:
        """procfs_vnode_to_path, for `maps`: "" for a file that has lost its name."""

    def at(self, path: str) -> Vnode | None:
        """What an absolute path leads to."""

    def device(self, fsid: int) -> tuple[int, int]:
        """A file system's major and minor device number."""

    @property
    def maxproc(self) -> int: ...

    @property
    def nprocs(self) -> int: ...

    # -- what lies in the root of a linux-compatible mount
    def memory(self) -> Memory: ...

    def cpu(self) -> Cpu: ...

    def devices(self) -> Devices: ...

    def ticks(self) -> Ticks: ...

    def load(self) -> tuple[float, float, float]: ...

    def version(self) -> Version: ...

    def mounts(self, asker: Process) -> Sequence[MountLine]: ...

    def messages(self) -> Sequence[Messages]: ...

    def semaphores(self) -> Sequence[Semaphores]: ...

    def shared_memory(self) -> Sequence[SharedMemory]: ...

    def message_queue(self) -> MessageQueue: ...
