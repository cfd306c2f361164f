"""procfs of an emulated NetBSD with real programs, read by the typed functions."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import pytest

from bsdproc.emulator import NetBSD
from bsdproc.emulator.netbsd.procfs.mount import Revision
from bsdproc.kernel import Kernel, KernelError
from bsdproc.netbsd import procfs
from bsdproc.netbsd.constants import procfs as constants

from . import remote
from .remote import DATA, TEXT, Tracee

O_RDONLY, O_WRONLY, O_RDWR, O_EXCL, O_CREAT = 0, 1, 2, 0x800, 0x200
SIGSTOP, SIGCONT, SIGKILL, WNOHANG = 17, 19, 9, 1


@pytest.fixture
def kernel(revision: Revision) -> Iterator[NetBSD]:
    """With the remote-controlled program under several names and modes."""
    with NetBSD(procfs_revision=revision) as k:
        for name, mode in (("target", 0o755), ("plain", 0o755), ("setuid", 0o4755),
                           ("noread", 0o711), ("setgid", 0o2755)):
            k.install(f"/tmp/{name}", remote.program(), mode)
        k.install("/tmp/same", remote.program(), 0o4755)
        k.chown("/tmp/same", 1000, 1000)
        k.chmod("/tmp/same", 0o4755)
        k.chown("/tmp/setgid", 0, 2)
        k.chmod("/tmp/setgid", 0o2755)
        yield k


def start(kernel: Kernel, *argv: str, uid: int | None = None) -> Tracee:
    pid = kernel.spawn("/tmp/target", argv or ("/tmp/target",), {"A": "1", "B": "two"}, uid=uid)
    kernel.settle(0.0001)
    return Tracee(kernel, pid)


@pytest.fixture
def target(kernel: NetBSD) -> Tracee:
    return start(kernel, "/tmp/target", "arg one", "", "last")


def name_of(call: Callable[..., object], *arguments: object) -> str:
    """The error's name, "" for none."""
    try:
        call(*arguments)
    except KernelError as error:
        return error.name or "?"
    return ""


# -- every node, read by its function
def test_what_a_process_shows(kernel: NetBSD, target: Tracee) -> None:
    pid = target.pid
    assert set(procfs.nodes(pid)) == {
        node.removeprefix("PID/") for node in procfs.node_modes()
        if node.startswith("PID/") and node.count("/") == 1}
    status = procfs.status(pid)
    assert (status.name, status.pid, status.ppid, status.tty, status.flags) == (
        "target", pid, kernel.getpid(), None, frozenset())
    assert (status.uid, status.gid) == (0, 0)
    assert procfs.cmdline(pid) == ("/tmp/target", "arg one", "", "last")
    assert set(procfs.environ(pid)) == {"A=1", "B=two"}
    assert (procfs.exe(pid), procfs.cwd(pid), procfs.chroot(pid)) == ("/tmp/target", "/", "/")
    assert procfs.emul(pid) == "netbsd"
    assert procfs.file(pid, 4) == b"\x7fELF"
    assert procfs.task(pid) == (pid,)
    entry = next(e for e in procfs.map(pid) if TEXT in e)
    assert (entry.protection.value, entry.copy_on_write, entry.needs_copy) == (5, True, True)
    mapped = next(e for e in procfs.maps(pid) if TEXT in e)
    assert (mapped.path, mapped.fileid) == (
        "/tmp/target", kernel.lstat("/tmp/target").ino)
    assert [e.start for e in procfs.map(pid)] == [e.start for e in procfs.maps(pid)]
    stat = procfs.stat(pid)
    assert (stat.pid, stat.comm, stat.ppid, stat.num_threads) == (
        pid, "target", kernel.getpid(), 1)
    assert stat.startcode == procfs.map(pid)[0].start
    statm = procfs.statm(pid)
    assert statm.size * 4096 == kernel.lstat(f"/proc/{pid}/mem").size
    assert len(procfs.limit(pid)) == 12
    assert procfs.limits(pid)["Max open files"].units == "files"
    types = [int(entry.type) for entry in procfs.auxv(pid)]
    assert 6 in types       # AT_PAGESZ
    assert 9 in types       # AT_ENTRY


def test_what_the_root_shows(kernel: NetBSD, target: Tracee) -> None:
    assert {0, 1, target.pid, kernel.getpid()} <= set(procfs.pids())
    assert procfs.curproc() == kernel.getpid()
    assert procfs.self_link() == "curproc"
    assert procfs.meminfo().total > procfs.meminfo().used > 0
    assert procfs.cpuinfo()[0]["vendor_id"]
    kernel.settle(0.05)
    assert procfs.uptime().up >= 0.05
    assert [(m.path, m.type) for m in procfs.mounts()] == [("/", "ffs"), ("/proc", "proc")]
    assert (2, "mem") in procfs.devices().character
    assert procfs.cpustat().boot == kernel._system.boot_time
    assert procfs.loadavg().processes == len(procfs.pids())
    assert procfs.version().release == kernel.release
    assert [*procfs.sysvipc_msg(), *procfs.sysvipc_sem(), *procfs.sysvipc_shm()] == []
    assert (procfs.mq_msg_def(), procfs.mq_qmax()) == (32, 512)


def test_kinds_and_modes(kernel: NetBSD, target: Tracee) -> None:
    """All of them, as `node_modes` states them."""
    formats = {"directory": 0o040000, "link": 0o120000, "file": 0o100000}
    for path, node in procfs.node_modes().items():
        if node.kind not in formats or path == "PID/file":
            continue
        found = kernel.lstat(f"/proc/{path.replace('PID', str(target.pid))}".rstrip("/"))
        assert found.mode == formats[node.kind] | node.mode, path
        assert found.nlink == (1 if path == "" or node.kind != "directory" else 2), path


def test_the_kernel_s_own_and_the_driver(kernel: NetBSD) -> None:
    assert procfs.cmdline(0) == ("(system)",)
    with pytest.raises(procfs.Hidden):
        procfs.regs(0)
    with pytest.raises(procfs.NoProcess):
        procfs.status(4711)
    assert procfs.status().pid == kernel.getpid()
    assert procfs.cmdline()
    assert procfs.map() == ()
    assert name_of(procfs.regs, None) == "EPERM"


# -- memory and registers
def test_memory(kernel: NetBSD, target: Tracee) -> None:
    assert procfs.read_mem(target.pid, TEXT, 5) == remote.CODE[:5]
    procfs.write_mem(target.pid, DATA + 0x400, b"marker")
    assert procfs.read_mem(target.pid, DATA + 0x400, 6) == b"marker"
    procfs.write_mem(target.pid, TEXT + 0x100, b"\x90")     # text, too
    for address, size in ((0, 1), (0x10000, 8), (0x403FF8, 16)):
        assert name_of(kernel.pread, target.memory, size, address) == "EINVAL"
        assert name_of(kernel.pwrite, target.memory, bytes(size), address) == "EINVAL"
    assert kernel.pread(target.memory, 16, 0x7F8000000000) == b""
    assert kernel.pread(target.memory, 0, 0) == b""


def test_registers(kernel: NetBSD, target: Tracee) -> None:
    regs = procfs.regs(target.pid)
    assert TEXT < regs.pc < TEXT + len(remote.CODE)
    assert kernel.lstat(f"/proc/{target.pid}/regs").size == 208
    assert kernel.lstat(f"/proc/{target.pid}/fpregs").size == 512
    with pytest.raises(KernelError) as refused:
        procfs.set_regs(target.pid, regs)
    assert refused.value.name == "EBUSY"
    kernel.kill(target.pid, SIGSTOP)
    kernel.settle(0.0001)
    regs = procfs.regs(target.pid)
    regs["r12"] = 0x55
    procfs.set_regs(target.pid, regs)
    assert procfs.regs(target.pid)["r12"] == 0x55
    procfs.set_fpregs(target.pid, procfs.fpregs(target.pid))
    regs["cs"] = 8
    assert name_of(procfs.set_regs, target.pid, regs) == "EINVAL"
    fd = kernel.open(f"/proc/{target.pid}/regs", O_RDWR)
    assert kernel.read(fd, 8192) == kernel.pread(fd, 208, 0)
    assert kernel.read(fd, 8) == b""
    assert kernel.pread(fd, 8, 208) == b""
    assert name_of(kernel.pread, fd, 8, 209) == "EINVAL"


def test_states(kernel: NetBSD, target: Tracee) -> None:
    assert procfs.stat(target.pid).state == "R"
    kernel.kill(target.pid, SIGSTOP)
    kernel.settle(0.0001)
    assert procfs.stat(target.pid).state == "T"
    assert procfs.status(target.pid).wmesg is None


def test_notes(kernel: NetBSD, target: Tracee) -> None:
    assert name_of(procfs.note, target.pid, b"hello") == "EOPNOTSUPP"
    assert name_of(procfs.notepg, target.pid, b"hello") == "EOPNOTSUPP"
    fd = kernel.open(f"/proc/{target.pid}/note", O_WRONLY)
    assert name_of(kernel.write, fd, b"hello") == "EOPNOTSUPP"
    assert name_of(kernel.write, fd, b"hello") == "EINVAL"      # the offset has moved
    assert name_of(kernel.pwrite, fd, b"x" * 65, 0) == "EMSGSIZE"


# -- descriptors
def test_descriptors(kernel: NetBSD, target: Tracee) -> None:
    directory, _ = target.call(remote.OPEN, b"/etc", O_RDONLY, 0)
    file, _ = target.call(remote.OPEN, b"/tmp/plain", O_RDONLY, 0)
    reads, writes = target.call(remote.PIPE)
    found = procfs.fd(target.pid)
    assert {directory, file, reads, writes} <= set(found)
    assert found[directory].target == "/etc"
    inside = f"/proc/{target.pid}/fd"
    assert kernel.lstat(f"{inside}/{file}").ino == kernel.lstat("/tmp/plain").ino
    assert kernel.lstat(f"{inside}/{reads}").mode == 0o010600
    assert kernel.readlink(f"{inside}/{directory}") == "/etc"
    for fd in (18, 19):
        target.call(remote.DUP2, reads, fd)
    names = kernel.listdir(inside)
    assert "18" not in names
    assert kernel.lstat(f"{inside}/19").mode == 0o010600
    fd = kernel.open(f"{inside}/{writes}", O_WRONLY)
    assert kernel.write(fd, b"through the pipe") == 16
    other = kernel.open(f"{inside}/{reads}", O_RDONLY)
    assert kernel.read(other, 100) == b"through the pipe"


# -- listings
KINDS = {1: "fifo", 4: "dir", 8: "reg", 10: "lnk"}


def listed(target: Tracee, path: str) -> list[tuple[str, int, str]]:
    """What getdents(2) gives the program: names, numbers and kinds."""
    fd, _ = target.call(remote.OPEN, path.encode(), O_RDONLY, 0)
    size, _ = target.call(remote.GETDENTS, fd, DATA + 0x1000, 0x1000)
    data, found = target.kernel.pread(target.memory, size, DATA + 0x1000), []
    for at in range(0, size, 32):
        ino, length, name, kind = struct.unpack_from("<QHHB", data, at)
        assert length == 32
        found.append((data[at + 13 : at + 13 + name].decode(), ino, KINDS[kind]))
    assert target.call(remote.GETDENTS, fd, DATA + 0x1000, 0x1000)[0] == 0
    target.call(remote.CLOSE, fd)
    return found


def test_listings(target: Tracee) -> None:
    """As recorded: "." and ".." of fd and task are the numbers of N and of the root, exe is no
    link and emul none, and a descriptor is a fifo."""
    pid = target.pid
    number = pid + 1 << 5
    listing = listed(target, f"/proc/{pid}")
    assert listing[:5] == [(".", number + 3, "dir"), ("..", 2, "dir"), ("fd", number + 19, "dir"),
                           ("file", number + 4, "reg"), ("mem", number + 6, "reg")]
    assert ("exe", number + 5, "reg") in listing
    assert ("emul", number + 24, "lnk") in listing
    assert listed(target, "/proc")[:4] == [(".", 2, "dir"), ("..", 2, "dir"),
                                           ("curproc", 3, "lnk"), ("self", 4, "lnk")]
    assert listed(target, f"/proc/{pid}/fd")[:3] == [
        (".", number + 3, "dir"), ("..", 2, "dir"), ("0", pid + 1 << 16 | 19, "fifo")]
    assert listed(target, f"/proc/{pid}/task") == [
        (".", number + 3, "dir"), ("..", 2, "dir"), (str(pid), pid + 1 << 16 | 30, "lnk")]


# -- links
def read_link(target: Tracee, path: str) -> str:
    """What a link says to the program itself."""
    size, _ = target.call(remote.READLINK, path.encode(), DATA + 0x1000, 1024)
    return target.kernel.pread(target.memory, size, DATA + 0x1000).decode()


def test_links_that_lead_nowhere(kernel: NetBSD) -> None:
    """As recorded: unlinked or renamed programs are at "/"."""
    kernel.install("/tmp/gone", remote.program())
    pid = kernel.spawn("/tmp/gone", ["/tmp/gone"])
    ino = kernel.lstat(f"/proc/{pid}/file").ino
    assert procfs.exe(pid) == "/tmp/gone"
    kernel.unlink("/tmp/gone")
    assert procfs.exe(pid) == "/"
    assert kernel.lstat(f"/proc/{pid}/exe").size == 1
    assert kernel.lstat(f"/proc/{pid}/file").ino == ino
    assert procfs.maps(pid)[0].path is None
    assert procfs.cmdline(pid) == ("/tmp/gone",)


def test_links_of_itself(target: Tracee) -> None:
    assert read_link(target, "/proc/curproc") == str(target.pid)
    assert read_link(target, "/proc/self") == "curproc"
    assert read_link(target, "/proc/self/exe") == "/tmp/target"
    with pytest.raises(OSError, match="58") as refused:
        target.call(remote.READLINK, b"/proc/curproc/status", DATA + 0x1000, 100)
    assert refused.value.errno == 22


def test_from_inside_a_chroot(kernel: NetBSD, target: Tracee) -> None:
    """As recorded: what lies outside is at "/", and its memory EPERM."""
    kernel.mkdir("/mnt/proc")
    procfs.mount("/mnt/proc")
    kernel.install("/mnt/inside", remote.program())
    other = kernel.spawn("/mnt/inside", ["/inside"])
    target.call(remote.CHROOT, b"/mnt")
    assert procfs.chroot(target.pid) == "/mnt"
    assert read_link(target, "/proc/1/cwd") == read_link(target, "/proc/1/root") == "/"
    assert read_link(target, f"/proc/{other}/exe") == "/inside"
    assert read_link(target, f"/proc/{target.pid}/root") == "/"
    for path, errno in (("/proc/1/mem", 1), (f"/proc/{other}/mem", 1), ("/proc/1/status", 0),
                        ("/proc/curproc/mem", 0), ("/proc/none", 2)):
        try:
            target.call(remote.OPEN, path.encode(), O_RDONLY, 0)
            found = 0
        except OSError as error:
            found = error.errno or 0
        assert found == errno, path


# -- opening
def test_open_modes_as_root(kernel: NetBSD, target: Tracee) -> None:
    """As recorded."""
    def opened(name: str, flags: int) -> str:
        return name_of(lambda: kernel.close(kernel.open(f"/proc/{target.pid}/{name}", flags)))

    for name, expected in (
        ("file", ("", "ETXTBSY", "ETXTBSY", "EEXIST")),
        ("regs", ("", "", "", "")), ("status", ("", "", "", "")),
        ("exe", ("", "ETXTBSY", "ETXTBSY", "ETXTBSY")),
        ("root", ("", "EISDIR", "EISDIR", "EEXIST")),
        ("task", ("", "EISDIR", "EISDIR", "EISDIR")),
        ("fd", ("", "EISDIR", "EISDIR", "EISDIR")),
        (".", ("", "EISDIR", "EISDIR", "EISDIR")),
        ("new", ("ENOENT", "ENOENT", "ENOENT", "EROFS")),
    ):
        found = tuple(opened(name, flags) for flags in (
            O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT))
        assert found == expected, name
    assert opened("mem", O_RDWR | O_EXCL) == "EBUSY"    # it was open for writing before


def test_other_users(kernel: NetBSD) -> None:
    target = start(kernel, uid=1000)

    def opened(view: Kernel) -> dict[str, str]:
        return {name: name_of(lambda n=name: view.open(f"/proc/{target.pid}/{n}", O_RDONLY))
                for name in ("mem", "regs", "map", "fd", "status", "cmdline", "exe", "auxv")}

    assert set(kernel.run_child(opened, uid=1000).values()) == {""}
    other = kernel.run_child(opened, uid=1001)
    assert {name for name, error in other.items() if error == "EACCES"} == {
        "mem", "regs", "map", "fd", "auxv"}
    assert {name for name, error in other.items() if error == ""} == {"status", "cmdline", "exe"}


def test_who_leaves_root_without_exec(kernel: NetBSD, target: Tracee) -> None:
    """PK_SUGID: its own user may not look into its memory either."""
    target.call(remote.SETUID, 1000)
    assert procfs.status(target.pid).uid == 1000

    def opened(view: Kernel) -> tuple[str, str]:
        return (name_of(view.open, f"/proc/{target.pid}/mem", O_RDONLY),
                name_of(view.open, f"/proc/{target.pid}/status", O_RDONLY))

    assert kernel.run_child(opened, uid=1000) == ("EACCES", "")
    assert procfs.read_mem(target.pid, TEXT, 2) == remote.CODE[:2]


def test_a_connection_to_who_lost_the_right(kernel: NetBSD) -> None:
    with pytest.raises(procfs.Forbidden):
        kernel.run_child(lambda view: procfs.maps(1, kernel=view), uid=1000)


def test_curtain_and_securelevel(kernel: NetBSD, target: Tracee) -> None:
    user = start(kernel, uid=1000)
    kernel.sysctl("security.curtain", new=(1).to_bytes(4, "little"))

    def seen(view: Kernel) -> tuple[set[int], str, str]:
        return (set(procfs.pids(kernel=view)),
                name_of(view.lstat, f"/proc/{target.pid}"),
                name_of(view.open, f"/proc/{target.pid}/status", O_RDONLY))

    pids, listed, opened = kernel.run_child(seen, uid=1000)
    assert user.pid in pids
    assert not {0, 1, target.pid} & pids
    assert (listed, opened) == ("ENOENT", "ENOENT")
    assert target.pid in procfs.pids()
    kernel.sysctl("kern.securelevel", new=(1).to_bytes(4, "little"))
    assert name_of(kernel.open, "/proc/1/mem", O_RDONLY) == ""
    assert name_of(kernel.open, "/proc/1/mem", O_RDWR) == "EPERM"
    assert name_of(kernel.open, f"/proc/{target.pid}/mem", O_RDWR) == ""


# -- what happens to open nodes
FILES = ("mem", "regs", "fpregs", "status", "map", "maps", "cmdline", "emul", "stat", "statm",
         "environ", "auxv", "limit")


def opened(kernel: Kernel, pid: int) -> dict[str, int]:
    return {name: kernel.open(f"/proc/{pid}/{name}", O_RDONLY) for name in FILES}


def said(kernel: Kernel, fds: dict[str, int]) -> set[str]:
    return {name_of(kernel.pread, fd, 16, DATA if name == "mem" else 0)
            for name, fd in fds.items()}


@pytest.mark.parametrize("program", ["plain", "noread"])
def test_an_ordinary_exec(kernel: NetBSD, program: str) -> None:
    target = start(kernel, uid=1000)
    fds = opened(kernel, target.pid)
    target.execute(f"/tmp/{program}", "new", "words")
    assert said(kernel, fds) == {""}
    assert kernel.pread(fds["cmdline"], 100, 0) == b"new\0words\0"
    assert kernel.pread(fds["mem"], 5, TEXT) == remote.CODE[:5]
    assert procfs.exe(target.pid) == f"/tmp/{program}"


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "exec-sugid", "own-nodes")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "exec-sugid", "vgone")
@pytest.mark.parametrize(("uid", "program", "dead"), [
    (1000, "setuid", True), (0, "setuid", False), (1000, "same", False), (0, "same", True),
    (1000, "setgid", True),
])
def test_a_set_id_exec(kernel: NetBSD, uid: int, program: str, dead: bool) -> None:
    """What changes credentials kills every descriptor; what changes nothing none."""
    target = start(kernel, uid=uid)
    fds = opened(kernel, target.pid)
    target.execute(f"/tmp/{program}")
    assert said(kernel, fds) == ({"EIO"} if dead else {""})
    assert procfs.status(target.pid).name == program
    assert name_of(kernel.open, f"/proc/{target.pid}/status", O_RDONLY) == ""
    if dead:
        def again(view: Kernel) -> str:
            return name_of(view.open, f"/proc/{target.pid}/mem", O_RDONLY)

        assert kernel.run_child(again, uid=1000) == "EACCES"


@pytest.mark.rule("netbsd-procfs_vfsops-1.112", "no-exit-hook")
@pytest.mark.rule("netbsd-procfs_vfsops-1.114", "exit-all")
def test_an_exit(kernel: NetBSD, target: Tracee, revision: Revision) -> None:
    fds = opened(kernel, target.pid)
    target.tell(remote.EXIT, 3)
    kernel.settle(0.001)
    assert target.pid not in procfs.pids()      # a zombie is not there
    expected = {"ESRCH"} if revision == "1.112" else {"EIO"}
    assert said(kernel, fds) == expected
    with pytest.raises(procfs.NoProcess):
        procfs.status(target.pid)
    assert kernel.wait4(target.pid).status == 3 << 8
    assert said(kernel, fds) == expected


# -- mounts
def test_mounts(kernel: NetBSD, target: Tracee) -> None:
    procfs.mount("/mnt", constants.ProcfsMount(0))
    assert "meminfo" not in kernel.listdir("/mnt")
    assert procfs.status(target.pid, root="/mnt") == procfs.status(target.pid)
    with pytest.raises(procfs.Hidden):
        procfs.stat(target.pid, root="/mnt")
    assert [procfs.get_args(path).value for path in ("/mnt", "/proc")] == [0, 1]
    fd = kernel.open(f"/mnt/{target.pid}/status", O_RDONLY)
    assert name_of(kernel.unmount, "/mnt") == "EBUSY"
    kernel.close(fd)
    kernel.unmount("/mnt")
    with pytest.raises(KernelError) as refused:
        kernel.run_child(lambda view: procfs.mount("/mnt", kernel=view), uid=1000)
    assert refused.value.name == "EPERM"
    found = procfs.statvfs()
    assert (found.fstype, found.files) == ("procfs", 1044)


def test_a_program_mounts(kernel: NetBSD, target: Tracee) -> None:
    """mount(2) of a program: what it returns is 0, or the size of the arguments."""
    arguments = struct.pack("<ii", 1, 0)
    assert target.call(remote.MOUNT, b"procfs", b"/mnt", 0, arguments, 8)[0] == 0
    assert "meminfo" not in kernel.listdir("/mnt")
    assert target.call(remote.MOUNT, b"", b"/mnt", 0x400000, DATA + 0x1000, 8)[0] == 8
    assert kernel.pread(target.memory, 8, DATA + 0x1000) == arguments
    for flags, data, errno in ((0, struct.pack("<ii", 7, 0), 22), (0x10000, arguments, 45),
                               (0, 0, 22), (0, 0x10, 14)):
        with pytest.raises(OSError, match="410") as refused:
            target.call(remote.MOUNT, b"procfs", b"/mnt", flags, data, 8)
        assert refused.value.errno == errno
    assert target.call(remote.UNMOUNT, b"/mnt", 0)[0] == 0
    target.call(remote.SETUID, 1000)
    with pytest.raises(OSError, match="410") as refused:
        target.call(remote.MOUNT, b"procfs", b"/mnt", 0, arguments, 8)
    assert refused.value.errno == 1


def test_revisions() -> None:
    with pytest.raises(ValueError, match="revision"):
        NetBSD(procfs_revision="1.113")  # type: ignore[arg-type]
