"""What stands beside the processes in the root of a procfs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bsdproc.kernel.errors import KernelError
from bsdproc.netbsd import _call
from bsdproc.netbsd.procfs.nodes import NODES
from bsdproc.netbsd.procfs.system import (
    CpuStat,
    Devices,
    LoadAvg,
    MemInfo,
    MessageQueue,
    MountEntry,
    Semaphores,
    SharedMemory,
    Uptime,
    Version,
    parse_cpuinfo,
    parse_cpustat,
    parse_devices,
    parse_loadavg,
    parse_meminfo,
    parse_mounts,
    parse_number,
    parse_sysvipc_msg,
    parse_sysvipc_sem,
    parse_sysvipc_shm,
    parse_uptime,
    parse_version,
)
from bsdproc.typed import procfs as plumbing
from bsdproc.typed.procfs import ROOT, Hidden
from bsdproc.typed.texts import encoded

if TYPE_CHECKING:
    from bsdproc.kernel.port import Kernel

_MOST: Final = 1 << 22


def pids(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[int, ...]:
    """The processes that have a directory: those that the caller can see, no zombies."""
    return plumbing.pids(_call.netbsd(kernel), root)


def curproc(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """curproc: the calling process, as its link says."""
    return parse_number(encoded(_link(kernel, root, "curproc")))


def self_link(*, root: str = ROOT, kernel: Kernel | None = None) -> str:
    """self: what its link says, "curproc"."""
    return _link(kernel, root, "self")


def directory(path: str, *, root: str = ROOT, kernel: Kernel | None = None) -> tuple[str, ...]:
    """sys, sys/fs, sys/fs/mqueue, sysvipc, or "" for the root: the names in it.

    `Hidden` where the mount does not show it."""
    if NODES.get(path) is None or NODES[path].kind != "directory" or path.startswith("PID"):
        raise ValueError(f"{path!r} is no directory in the root of a procfs")
    kernel = _call.netbsd(kernel)
    try:
        return tuple(kernel.listdir(f"{root}/{path}".rstrip("/")))
    except KernelError as error:
        raise _refused(kernel, root, error, path) from None


def meminfo(*, root: str = ROOT, kernel: Kernel | None = None) -> MemInfo:
    """meminfo: memory of the system.  `Hidden` without -o linux, as all that follow."""
    return parse_meminfo(_read(kernel, root, "meminfo"))


def cpuinfo(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[dict[str, str], ...]:
    """cpuinfo: for each processor what its machine says, by the line's name."""
    return parse_cpuinfo(_read(kernel, root, "cpuinfo"))


def uptime(*, root: str = ROOT, kernel: Kernel | None = None) -> Uptime:
    """uptime: since when the system runs."""
    return parse_uptime(_read(kernel, root, "uptime"))


def mounts(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[MountEntry, ...]:
    """mounts: the mounted file systems."""
    return parse_mounts(_read(kernel, root, "mounts"))


def devices(*, root: str = ROOT, kernel: Kernel | None = None) -> Devices:
    """devices: drivers with their major numbers."""
    return parse_devices(_read(kernel, root, "devices"))


def cpustat(*, root: str = ROOT, kernel: Kernel | None = None) -> CpuStat:
    """stat (of the root): what the processors did."""
    return parse_cpustat(_read(kernel, root, "stat"))


def loadavg(*, root: str = ROOT, kernel: Kernel | None = None) -> LoadAvg:
    """loadavg: how many processes could run, on average."""
    return parse_loadavg(_read(kernel, root, "loadavg"))


def version(*, root: str = ROOT, kernel: Kernel | None = None) -> Version:
    """version: the kernel's."""
    return parse_version(_read(kernel, root, "version"))


def sysvipc_msg(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[MessageQueue, ...]:
    """sysvipc/msg: System V's message queues."""
    return parse_sysvipc_msg(_read(kernel, root, "sysvipc/msg"))


def sysvipc_sem(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[Semaphores, ...]:
    """sysvipc/sem: System V's sets of semaphores."""
    return parse_sysvipc_sem(_read(kernel, root, "sysvipc/sem"))


def sysvipc_shm(*, root: str = ROOT, kernel: Kernel | None = None) -> tuple[SharedMemory, ...]:
    """sysvipc/shm: System V's shared memory."""
    return parse_sysvipc_shm(_read(kernel, root, "sysvipc/shm"))


def mq_msg_def(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """sys/fs/mqueue/msg_default: messages that a POSIX queue holds, unless asked otherwise."""
    return parse_number(_read(kernel, root, "sys/fs/mqueue/msg_default"))


def mq_msg_max(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """sys/fs/mqueue/msg_max: messages that a POSIX queue may hold."""
    return parse_number(_read(kernel, root, "sys/fs/mqueue/msg_max"))


def mq_siz_def(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """sys/fs/mqueue/msgsize_default: bytes of a message, unless asked otherwise."""
    return parse_number(_read(kernel, root, "sys/fs/mqueue/msgsize_default"))


def mq_siz_max(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """sys/fs/mqueue/msgsize_max: bytes that a message may have."""
    return parse_number(_read(kernel, root, "sys/fs/mqueue/msgsize_max"))


def mq_qmax(*, root: str = ROOT, kernel: Kernel | None = None) -> int:
    """sys/fs/mqueue/queues_max: queues that a process may have open."""
    return parse_number(_read(kernel, root, "sys/fs/mqueue/queues_max"))


def _read(kernel: Kernel | None, root: str, name: str) -> bytes:
    kernel = _call.netbsd(kernel)
    try:
        return plumbing.whole(kernel, f"{root}/{name}", _MOST)
    except KernelError as error:
        raise _refused(kernel, root, error, name) from None


def _link(kernel: Kernel | None, root: str, name: str) -> str:
    kernel = _call.netbsd(kernel)
    try:
        return kernel.readlink(f"{root}/{name}")
    except KernelError as error:
        raise _refused(kernel, root, error, name) from None


def _refused(kernel: Kernel, root: str, error: KernelError, name: str) -> KernelError:
    """`Hidden` where a procfs is mounted and the node is not there."""
    error.request = f"{root}/{name}"
    if error.name != "ENOENT":
        return error
    try:
        kernel.readlink(f"{root}/curproc")
    except KernelError:
        error.reason = f"no procfs is mounted on {root}"
        return error
    from bsdproc.netbsd.reasons import of_node

    return Hidden(error.errno or 0, error.strerror or "", system=error.system, call=error.call,
                  request=error.request, reason=of_node(kernel, NODES[name], error))
