"""The nodes of a mounted procfs: which file is read, and how a refusal is told apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bsdproc.kernel.errors import KernelError, NotSupported
from bsdproc.kernel.port import Kernel
from bsdproc.netbsd import procfs
from bsdproc.netbsd.constants import MountFlags, ProcfsMount
from bsdproc.netbsd.procfs import (
    CtlCommand,
    FdEntry,
    Forbidden,
    Hidden,
    Malformed,
    NoProcess,
)
from bsdproc.netbsd.registers import Amd64FpRegisters, Amd64Registers, I386Registers

HERE = Path(__file__).parent / "captures" / "7.99.4"
Make = Callable[..., Any]
DIRECTORY, FILE, LINK, FIFO, SOCKET, CHARACTER = (
    0o040555, 0o100444, 0o120555, 0o010600, 0o140600, 0o020666)


@pytest.fixture
def proc(scripted: Make) -> Any:
    """A procfs on /proc with process 21."""
    one = scripted()
    script = one.script
    for name in ("status", "stat", "statm", "map", "maps", "cmdline", "emul"):
        script.files[f"/proc/21/{name}"] = (HERE / f"{name}.1").read_bytes()
    for path in HERE.glob("root-*.1"):
        script.files[f"/proc/{path.name[5:-2]}"] = path.read_bytes()
    script.files |= {
        "/proc/21/environ": b"A=1\0", "/proc/21/regs": bytes(Amd64Registers()),
        "/proc/21/fpregs": bytes(Amd64FpRegisters()), "/proc/21/mem": b"memory",
        "/proc/21/file": b"\x7fELF", "/proc/21/note": b"", "/proc/21/notepg": b"",
        "/proc/21/ctl": b"", "/proc/21/auxv": bytes(16),
        "/proc/21/limit": b"cpu-time  1 0x7fffffffffffffff\n",
        "/proc/21/limits": b"Limit   Soft Limit   Hard Limit   Units\nMax cpu time 1 2 seconds\n",
        "/proc/sysvipc/msg": b"key msqid perms cbytes qnum lspid lrpid uid gid cuid cgid stime "
                             b"rtime ctime\n",
        "/proc/sysvipc/sem": b"key semid perms nsems uid gid cuid cgid otime ctime\n",
        "/proc/sysvipc/shm": b"key shmid perms size cpid lpid nattch uid gid cuid cgid atime "
                             b"dtime ctime rss swap\n",
    }
    for number, name in enumerate(("msg_default", "msg_max", "msgsize_default", "msgsize_max",
                                   "queues_max")):
        script.files[f"/proc/sys/fs/mqueue/{name}"] = b"%d\n" % number
    script.links |= {
        "/proc/curproc": "100", "/proc/self": "curproc", "/proc/21/exe": "/bin/sh",
        "/proc/21/cwd": "/etc", "/proc/21/root": "/", "/proc/21/fd/4": "/etc",
        "/proc/21/fd/10": "[kqueue]", "/proc/21/task/21": "..",
    }
    script.modes |= {
        "/proc": DIRECTORY, "/proc/21": DIRECTORY, "/proc/100": DIRECTORY, "/proc/curproc": LINK,
        "/proc/21/status": FILE, "/proc/21/fd": DIRECTORY, "/proc/21/task": DIRECTORY,
        "/proc/21/task/21": LINK, "/proc/21/fd/0": CHARACTER, "/proc/21/fd/3": FILE,
        "/proc/21/fd/4": LINK, "/proc/21/fd/5": FIFO, "/proc/21/fd/7": SOCKET,
        "/proc/21/fd/10": LINK, "/proc/sysvipc": DIRECTORY, "/proc/sysvipc/msg": FILE,
    }
    return one


TEXTS: list[tuple[str, Callable[..., object]]] = [
    ("status", procfs.status), ("stat", procfs.stat), ("statm", procfs.statm),
    ("map", procfs.map), ("maps", procfs.maps), ("cmdline", procfs.cmdline),
    ("environ", procfs.environ), ("auxv", procfs.auxv), ("limit", procfs.limit),
    ("limits", procfs.limits), ("emul", procfs.emul),
]
SYSTEM: list[tuple[str, Callable[..., object]]] = [
    ("meminfo", procfs.meminfo), ("cpuinfo", procfs.cpuinfo), ("uptime", procfs.uptime),
    ("mounts", procfs.mounts), ("devices", procfs.devices), ("stat", procfs.cpustat),
    ("loadavg", procfs.loadavg), ("version", procfs.version), ("sysvipc/msg", procfs.sysvipc_msg),
    ("sysvipc/sem", procfs.sysvipc_sem), ("sysvipc/shm", procfs.sysvipc_shm),
    ("sys/fs/mqueue/msg_default", procfs.mq_msg_def), ("sys/fs/mqueue/msg_max", procfs.mq_msg_max),
    ("sys/fs/mqueue/msgsize_default", procfs.mq_siz_def),
    ("sys/fs/mqueue/msgsize_max", procfs.mq_siz_max),
    ("sys/fs/mqueue/queues_max", procfs.mq_qmax),
]


@pytest.mark.parametrize(("name", "read"), TEXTS)
def test_a_text_is_read_whole_and_closed(name: str, read: Callable[..., object],
                                         proc: Any) -> None:
    read(21, kernel=proc.kernel)
    opened, fetched, closed = proc.script.calls
    assert opened.arguments == (f"/proc/21/{name}", 0)
    assert fetched.arguments[1] == 1 << 18       # an older kernel gives it to one read alone
    assert closed.name == "close"


@pytest.mark.parametrize(("name", "read"), SYSTEM)
def test_a_text_of_the_root(name: str, read: Callable[..., object], proc: Any) -> None:
    read(kernel=proc.kernel)
    assert proc.script.calls[0].arguments == (f"/proc/{name}", 0)
    assert proc.script.last.name == "close"
    del proc.script.files[f"/proc/{name}"]
    why = "came with NetBSD 11" if name.startswith("sys") else "without -o linux"
    with pytest.raises(Hidden, match=why):
        read(kernel=proc.kernel)
    with pytest.raises(FileNotFoundError, match="no procfs is mounted on /nowhere"):
        read(root="/nowhere", kernel=proc.kernel)


def test_another_root_and_the_caller(proc: Any) -> None:
    proc.script.files["/p/100/status"] = proc.script.files["/proc/21/status"]
    assert procfs.status(root="/p", kernel=proc.kernel).pid == 21
    with pytest.raises(TypeError):
        procfs.status(root=b"/p", kernel=proc.kernel)       # type: ignore[arg-type]


def test_links(proc: Any) -> None:
    kernel = proc.kernel
    assert procfs.curproc(kernel=kernel) == 100
    assert procfs.self_link(kernel=kernel) == "curproc"
    assert procfs.exe(21, kernel=kernel) == "/bin/sh"
    assert procfs.cwd(21, kernel=kernel) == "/etc"
    assert procfs.chroot(21, kernel=kernel) == "/"
    assert procfs.task(21, kernel=kernel) == (21,)
    assert procfs.pids(kernel=kernel) == (21, 100)
    assert "status" in procfs.nodes(21, kernel=kernel)
    assert procfs.directory("sysvipc", kernel=kernel) == ("msg",)
    assert "curproc" in procfs.directory("", kernel=kernel)
    for wrong in ("PID", "PID/fd", "meminfo", "nothing"):
        with pytest.raises(ValueError, match="no directory"):
            procfs.directory(wrong, kernel=kernel)
    with pytest.raises(Hidden):
        procfs.directory("sys/fs", kernel=kernel)


def test_descriptors(proc: Any) -> None:
    assert procfs.fd(21, kernel=proc.kernel) == {
        0: FdEntry("device", None), 3: FdEntry("file", None), 4: FdEntry("link", "/etc"),
        5: FdEntry("pipe", None), 7: FdEntry("socket", None), 10: FdEntry("kqueue", "[kqueue]"),
    }
    assert procfs.fd_entry(21, 10, kernel=proc.kernel).kind == "kqueue"
    with pytest.raises(Hidden):
        procfs.fd_entry(21, 99, kernel=proc.kernel)
    with pytest.raises(ValueError, match="number"):
        procfs.fd_entry(21, -1, kernel=proc.kernel)


def test_memory(proc: Any) -> None:
    assert procfs.read_mem(21, 2, 3, kernel=proc.kernel) == b"mor"
    assert procfs.write_mem(21, 0x1000, b"xy", kernel=proc.kernel) == 2
    assert proc.script.calls[-2].arguments == ("/proc/21/mem", b"xy", 0x1000)
    with pytest.raises(ValueError, match="address"):
        procfs.read_mem(21, 1 << 63, 1, kernel=proc.kernel)
    assert procfs.file(21, 2, 1, kernel=proc.kernel) == b"EL"


def test_registers(proc: Any) -> None:
    found = procfs.regs(21, kernel=proc.kernel)
    assert type(found) is Amd64Registers
    found.rip = 0x4000
    procfs.set_regs(21, found, kernel=proc.kernel)
    assert proc.script.calls[-2].arguments == ("/proc/21/regs", bytes(found), 0)
    floating = procfs.fpregs(21, kernel=proc.kernel)
    procfs.set_fpregs(21, floating, kernel=proc.kernel)
    with pytest.raises(TypeError):
        procfs.set_regs(21, I386Registers(), kernel=proc.kernel)
    proc.script.files["/proc/21/regs"] = b"short"
    with pytest.raises(Malformed):
        procfs.regs(21, kernel=proc.kernel)


def test_notes_and_commands(proc: Any) -> None:
    assert procfs.note(21, b"x" * 64, kernel=proc.kernel) == 64
    assert procfs.notepg(21, b"y", kernel=proc.kernel) == 1
    assert proc.script.calls[-2].arguments == ("/proc/21/notepg", b"y", 0)
    with pytest.raises(ValueError, match="64"):
        procfs.note(21, b"x" * 65, kernel=proc.kernel)
    procfs.ctl(21, CtlCommand.DETACH, kernel=proc.kernel)
    assert proc.script.calls[-2].arguments == ("/proc/21/ctl", b"detach", 0)


def test_a_signals_name_is_not_sent(proc: Any) -> None:
    """It makes a kernel panic."""
    with pytest.raises(TypeError, match="panic"):
        procfs.ctl(21, "usr1", kernel=proc.kernel)      # type: ignore[arg-type]
    assert proc.script.calls == []


REFUSED: list[tuple[str, int, type[KernelError]]] = [
    ("ENOENT", 21, Hidden), ("ENOENT", 99, NoProcess), ("ESRCH", 99, NoProcess),
    ("EIO", 99, NoProcess), ("EBADF", 99, NoProcess), ("EIO", 21, KernelError),
    ("EACCES", 21, Forbidden), ("EPERM", 21, Forbidden), ("EBUSY", 21, KernelError),
    ("ENOMEM", 21, KernelError), ("EINVAL", 21, KernelError),
]


@pytest.mark.parametrize(("errno", "pid", "kind"), REFUSED)
def test_each_refusal_has_its_own_error(errno: str, pid: int, kind: type[KernelError],
                                        proc: Any) -> None:
    proc.script.files[f"/proc/{pid}/mem"] = errno
    calls: list[Callable[[Kernel], object]] = [
        lambda k: procfs.read_mem(pid, 0, 1, kernel=k),
        lambda k: procfs.write_mem(pid, 0, b"x", kernel=k),
    ]
    for call in calls:
        with pytest.raises(kind) as caught:
            call(proc.kernel)
        assert type(caught.value) is kind or kind is KernelError
        assert caught.value.name == errno
        assert (caught.value.request, caught.value.target) == (f"/proc/{pid}/mem", pid)
        assert not (kind is KernelError and isinstance(caught.value, (Hidden, NoProcess)))


def test_why_a_node_is_hidden_or_forbidden(proc: Any) -> None:
    proc.processes({"p_pid": 21, "p_flag": 0x200, "p_ruid": 5})
    for name, call, why in (
        ("limits", procfs.limits, "it came with NetBSD 11, and this kernel is 10.1"),
        ("statm", procfs.statm, "a mount without -o linux does not show it"),
        ("maps", procfs.maps, "it is a kernel process"),
    ):
        del proc.script.files[f"/proc/21/{name}"]
        with pytest.raises(Hidden, match=why):
            call(21, kernel=proc.kernel)
    del proc.script.files["/proc/21/ctl"]
    with pytest.raises(Hidden, match="has no such node"):
        procfs.ctl(21, CtlCommand.RUN, kernel=proc.kernel)
    proc.processes({"p_pid": 21, "p_ruid": 5})
    proc.script.who = proc.script.who._replace(uid=1000, ruid=1000)
    proc.script.files["/proc/21/regs"] = "EACCES"
    with pytest.raises(Forbidden, match="it runs as user 5, the caller as 1000"):
        procfs.regs(21, kernel=proc.kernel)


def test_a_node_as_it_is(proc: Any) -> None:
    found = procfs.node_stat(21, "status", kernel=proc.kernel)
    assert found.mode == 0o444
    assert procfs.node_stat(21, kernel=proc.kernel).mode == 0o555
    with pytest.raises(NoProcess):
        procfs.node_stat(99, kernel=proc.kernel)


def test_pythons_own_errors() -> None:
    assert issubclass(NoProcess, ProcessLookupError)
    assert issubclass(Hidden, FileNotFoundError)
    assert issubclass(Forbidden, PermissionError)
    assert issubclass(Malformed, ValueError)


def test_another_systems_kernel(scripted: Make) -> None:
    one = scripted()
    one.script.system = "freebsd"
    with pytest.raises(NotSupported, match="freebsd"):
        procfs.status(1, kernel=one.kernel)
    with pytest.raises(NotSupported):
        procfs.meminfo(kernel=one.kernel)


# -- mounting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("machine", "order"), [("amd64", "little"), ("sparc64", "big")])
def test_mount(machine: str, order: Any, scripted: Make) -> None:
    one = scripted(machine)
    procfs.mount(kernel=one.kernel)
    assert one.script.last.arguments == ("procfs", "/proc", 0, 8)
    version, flags = (int.from_bytes(one.script.last.buffer.read(at, 4), order) for at in (0, 4))
    assert (version, flags) == (1, 1)
    procfs.mount("/p", ProcfsMount(0), MountFlags.MNT_RDONLY | MountFlags.MNT_NOSUID,
                 kernel=one.kernel)
    assert one.script.last.arguments == ("procfs", "/p", 9, 8)
    assert one.script.last.buffer.read(4) == bytes(4)


def test_the_arguments_of_a_mount(scripted: Make) -> None:
    one = scripted()

    def answer(call: Any) -> int:
        assert call.arguments == ("procfs", "/proc", 0x400000, 8)
        call.buffer.write(bytes([1, 0, 0, 0, 1, 0, 0, 0]))
        return 8

    one.script.answer = answer
    assert procfs.get_args(kernel=one.kernel) is ProcfsMount.PROCFSMNT_LINUXCOMPAT
    one.script.answer = lambda call: 8      # nothing was stored
    with pytest.raises(Malformed, match="version 0"):
        procfs.get_args(kernel=one.kernel)
    one.script.answer = lambda call: 4
    with pytest.raises(Malformed):
        procfs.get_args(kernel=one.kernel)


def test_unmount(scripted: Make) -> None:
    one = scripted()
    procfs.unmount(flags=MountFlags.MNT_FORCE, kernel=one.kernel)
    assert one.script.last.arguments == ("/proc", 0x80000)
    one.script.refuse("EBUSY")
    with pytest.raises(KernelError, match="/proc: EBUSY"):
        procfs.unmount(kernel=one.kernel)


def test_refused_mounts(scripted: Make) -> None:
    one = scripted()
    one.script.refuse("EPERM")
    with pytest.raises(PermissionError, match="only root may"):
        procfs.mount(kernel=one.kernel)
    one.script.refuse("EINVAL")
    with pytest.raises(KernelError) as caught:
        procfs.get_args("/etc", kernel=one.kernel)
    assert caught.value.request == "/etc"


def test_wrong_flags_never_reach_the_kernel(scripted: Make) -> None:
    one = scripted()
    kernel = one.kernel
    calls: list[tuple[Callable[[], object], type[Exception]]] = [
        (lambda: procfs.mount(flags=MountFlags.MNT_GETARGS, kernel=kernel), ValueError),
        (lambda: procfs.mount(flags=1, kernel=kernel), TypeError),      # type: ignore[arg-type]
        (lambda: procfs.mount("/p", 1, kernel=kernel), TypeError),      # type: ignore[arg-type]
        (lambda: procfs.unmount(flags=MountFlags.MNT_RDONLY, kernel=kernel), ValueError),
        (lambda: procfs.unmount(flags=1, kernel=kernel), TypeError),    # type: ignore[arg-type]
    ]
    for call, kind in calls:
        with pytest.raises(kind):
            call()
    assert one.script.calls == []


def test_statvfs(scripted: Make) -> None:
    found = procfs.statvfs(kernel=scripted().kernel)
    assert (found.fstype, found.mounted_on, found.flags) == ("procfs", "/proc",
                                                             MountFlags.MNT_LOCAL)
    assert (found.frsize, found.blocks, found.files, found.ffree, found.namemax) == (
        4096, 1, 1044, 1035, 255)
