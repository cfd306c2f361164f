"""What every kernel does behind the port: the emulated one, and the host's own.

Numbers are FreeBSD's; FreeBSD amd64 is what runs here either way.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from itertools import pairwise

import pytest

from bsdproc.kernel import Buffer, Kernel, KernelError, default, use

WNOHANG, WEXITED = 1, 0x10
P_PID = 0
SIGTRAP, SIGKILL = 5, 9
STOPPED = 0x7F
O_RDONLY, O_RDWR, O_CREAT, O_EXCL = 0, 2, 0x200, 0x800

Programs = Callable[[str], str]
Symbols = Callable[[str, str], int]


def request(kernel: Kernel, name: str) -> int:
    return kernel.target.constants[name]


def no_child_is_left(kernel: Kernel) -> None:
    with pytest.raises(ChildProcessError) as caught:
        kernel.wait4(-1, WNOHANG)
    assert isinstance(caught.value, KernelError)
    assert caught.value.name == "ECHILD"


# -- spawn and wait --------------------------------------------------------------

@pytest.mark.parametrize("traced", [False, True])
def test_a_failed_execve_raises_and_leaves_no_child(kernel: Kernel, traced: bool) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        kernel.spawn("/no/such/program", ["program"], {}, traced=traced)
    error = caught.value
    assert isinstance(error, KernelError)
    assert (error.errno, error.name, error.call) == (2, "ENOENT", "execve")
    assert error.request == "/no/such/program"
    no_child_is_left(kernel)


def test_a_failed_chdir_raises(kernel: Kernel, tracee: Programs) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        kernel.spawn(tracee("exiter"), ["exiter", "0"], {}, cwd="/no/such/folder")
    assert isinstance(caught.value, KernelError)
    assert caught.value.call == "chdir"
    no_child_is_left(kernel)


def test_a_file_that_is_no_program_is_refused(kernel: Kernel) -> None:
    path = "/tmp/bsdproc-no-program"
    kernel.close(kernel.open(path, O_RDWR | O_CREAT, 0o644))
    try:
        with pytest.raises(PermissionError) as caught:
            kernel.spawn(path, ["x"], {})
        assert caught.value.errno == 13
    finally:
        kernel.unlink(path)
    no_child_is_left(kernel)


def test_a_program_runs_to_its_end(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("exiter")
    pid = kernel.spawn(path, [path, "6"], {})
    found, status, usage = kernel.wait4(pid)
    assert (found, status) == (pid, 6 << 8)
    assert len(usage) == kernel.target.struct("struct rusage").size
    no_child_is_left(kernel)


def test_a_traced_program_stops_at_its_execve(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("exiter")
    pid = kernel.spawn(path, [path, "3"], {}, traced=True)
    assert kernel.wait4(pid)[:2] == (pid, SIGTRAP << 8 | STOPPED)
    kernel.ptrace(request(kernel, "PT_CONTINUE"), pid, 1, 0)
    assert kernel.wait4(pid)[:2] == (pid, 3 << 8)


def test_a_wait_for_the_status_alone(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("exiter")
    pid = kernel.spawn(path, [path, "6"], {}, traced=True)
    assert kernel.wait4(pid, 0, False) == (pid, SIGTRAP << 8 | STOPPED, b"")
    kernel.ptrace(request(kernel, "PT_CONTINUE"), pid, 1, 0)
    assert kernel.wait6(P_PID, pid, WEXITED, False) == (pid, 6 << 8, b"", b"")
    no_child_is_left(kernel)


def test_wait_without_news(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {})
    assert kernel.wait4(pid, WNOHANG) == (0, 0, b"")
    assert kernel.wait6(P_PID, pid, WEXITED | WNOHANG)[:2] == (0, 0)
    kernel.kill(pid, SIGKILL)
    found, status, usage, info = kernel.wait6(P_PID, pid, WEXITED)
    assert (found, status) == (pid, SIGKILL)
    assert len(usage) == kernel.target.struct("struct __wrusage").size
    siginfo = kernel.target.struct("siginfo_t")
    assert siginfo.get(info, "si_pid") == pid
    assert siginfo.get(info, "si_status") == SIGKILL
    no_child_is_left(kernel)


def test_a_group_of_its_own(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {}, new_group=True)
    constants = kernel.target.constants
    record = kernel.target.struct("struct kinfo_proc")
    table = kernel.sysctl([constants["CTL_KERN"], constants["KERN_PROC"],
                           constants["KERN_PROC_PID"], pid])
    assert record.get(table, "ki_pgid") == pid
    assert record.get(table, "ki_ppid") == kernel.getpid()
    kernel.kill(-pid, SIGKILL)
    assert kernel.wait4(pid).status == SIGKILL


@pytest.mark.privileged
def test_a_program_can_be_started_as_another_user(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {}, uid=1001)
    record = kernel.target.struct("struct kinfo_proc")
    table = kernel.sysctl([1, 14, 1, pid])
    assert record.get(table, "ki_ruid") == 1001
    assert record.get(table, "ki_svuid") == 1001
    assert record.get(table, "ki_rgid") == 1001
    assert record.get(table, "ki_ngroups") == 1
    kernel.kill(pid, SIGKILL)
    kernel.wait4(pid)


@pytest.mark.privileged
def test_a_program_can_be_started_traced_as_another_user(
    kernel: Kernel, tracee: Programs
) -> None:
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {}, traced=True, uid=1001)
    assert kernel.wait4(pid).status == SIGTRAP << 8 | STOPPED
    record = kernel.target.struct("struct kinfo_proc")
    table = kernel.sysctl([1, 14, 1, pid])
    assert record.reader("ki_ruid", "ki_svuid", "ki_rgid")(table, 0) == (1001, 1001, 1001)
    assert kernel.ptrace(request(kernel, "PT_KILL"), pid, 0, 0) == 0
    assert kernel.wait4(pid).status == SIGKILL


@pytest.mark.privileged
def test_a_failed_execve_of_another_user_is_told(kernel: Kernel) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        kernel.spawn("/no/such/program", ["program"], {}, traced=True, uid=1001)
    assert isinstance(caught.value, KernelError)
    assert caught.value.call == "execve"
    no_child_is_left(kernel)


@pytest.mark.parametrize("call", [
    lambda k: k.wait4(99_999, 0),
    lambda k: k.wait6(P_PID, 99_999, WEXITED),
], ids=["wait4", "wait6"])
def test_waiting_for_a_stranger(kernel: Kernel, call: Callable[[Kernel], object]) -> None:
    with pytest.raises(ChildProcessError):
        call(kernel)


def test_killing_nobody_names_whom_it_was_about(kernel: Kernel) -> None:
    with pytest.raises(ProcessLookupError) as caught:
        kernel.kill(99_999, 0)
    assert isinstance(caught.value, KernelError)
    assert (caught.value.call, caught.value.target) == ("kill", 99_999)
    with pytest.raises(KernelError) as refused:
        kernel.kill(kernel.getpid(), 999)
    assert refused.value.name == "EINVAL"


# -- ptrace, procctl -------------------------------------------------------------

def test_a_word_of_minus_one_is_no_error(
    kernel: Kernel, tracee: Programs, symbol: Symbols
) -> None:
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {}, traced=True)
    kernel.wait4(pid)
    at = symbol("spin", "counter")
    kernel.ptrace(request(kernel, "PT_WRITE_D"), pid, at, -1)
    assert kernel.ptrace(request(kernel, "PT_READ_D"), pid, at, 0) == -1
    kernel.ptrace(request(kernel, "PT_KILL"), pid, 0, 0)
    assert kernel.wait4(pid).status == SIGKILL


def test_a_refusal_names_the_request(kernel: Kernel) -> None:
    with pytest.raises(ProcessLookupError) as caught:
        kernel.ptrace(request(kernel, "PT_ATTACH"), 99_999, 0, 0)
    error = caught.value
    assert isinstance(error, KernelError)
    assert (error.call, error.target, error.name) == ("ptrace", 99_999, "ESRCH")
    assert error.request == "PT_ATTACH"
    with pytest.raises(KernelError) as refused:
        kernel.procctl(P_PID, 0, 4711, 0)
    assert (refused.value.call, refused.value.name) == ("procctl", "EINVAL")


def test_memory_is_read_into_lent_memory(
    kernel: Kernel, tracee: Programs, symbol: Symbols
) -> None:
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {}, traced=True)
    kernel.wait4(pid)
    record = kernel.target.struct("struct ptrace_io_desc")
    inner = kernel.buffer(16)
    at = symbol("spin", "counter")

    def io(address: int) -> int:
        outer = kernel.buffer(record.pack({
            "piod_op": request(kernel, "PIOD_READ_D"), "piod_offs": at, "piod_addr": address,
            "piod_len": 16,
        }))
        try:
            kernel.ptrace(request(kernel, "PT_IO"), pid, outer, 0)
        finally:
            assert record.get(outer.read(), "piod_addr") == address
        length = record.get(outer.read(), "piod_len")
        assert isinstance(length, int)
        return length

    kernel.ptrace(request(kernel, "PT_WRITE_D"), pid, at, 0x01020304)
    assert io(inner.address) == 16
    assert inner.read(0, 4) == bytes([4, 3, 2, 1])
    for nowhere in (0, 0x100, id(inner), 1 << 47):
        with pytest.raises(KernelError) as caught:
            io(nowhere)
        assert caught.value.name == "EFAULT"
    kernel.ptrace(request(kernel, "PT_KILL"), pid, 0, 0)
    kernel.wait4(pid)


def test_what_does_not_fit_the_buffer_is_a_fault(kernel: Kernel, tracee: Programs) -> None:
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {}, traced=True)
    kernel.wait4(pid)
    size = kernel.target.struct("struct reg").size
    getregs = request(kernel, "PT_GETREGS")
    whole = kernel.buffer(size)
    kernel.ptrace(getregs, pid, whole, 0)
    assert whole.read() != bytes(size)
    for room in (0, 4, size - 1):
        with pytest.raises(KernelError) as caught:
            kernel.ptrace(getregs, pid, kernel.buffer(room), 0)
        assert caught.value.name == "EFAULT"
    for address in (id(whole), 0, 1 << 47):
        with pytest.raises(KernelError) as caught:
            kernel.ptrace(getregs, pid, address, 0)
        assert caught.value.name == "EFAULT"
    kernel.ptrace(request(kernel, "PT_KILL"), pid, 0, 0)
    kernel.wait4(pid)


def test_procctl_stores_into_lent_memory(kernel: Kernel) -> None:
    answer = kernel.buffer(struct.pack("<i", 77))
    kernel.procctl(P_PID, 0, request(kernel, "PROC_PDEATHSIG_STATUS"), answer)
    assert answer.read() == bytes(4)
    record = kernel.target.struct("struct procctl_reaper_status")
    status = kernel.buffer(record.size)
    kernel.procctl(P_PID, kernel.getpid(), request(kernel, "PROC_REAP_STATUS"), status)
    assert record.get(status.read(), "rs_reaper") == 1


# -- buffers ---------------------------------------------------------------------

def test_a_buffer_keeps_what_is_written_to_it(kernel: Kernel) -> None:
    buffer = kernel.buffer(b"abcdef")
    assert len(buffer) == 6
    assert buffer.read() == b"abcdef"
    assert buffer.read(2, 3) == b"cde"
    assert buffer.read(6) == b""
    buffer.write(b"XY", 1)
    buffer.write(memoryview(b"Z"), 5)
    assert buffer.read() == b"aXYdeZ"
    assert 0 < buffer.address < 1 << 64
    assert kernel.buffer(10_000).read() == bytes(10_000)
    assert kernel.buffer(bytearray(b"q" * 5000)).read() == b"q" * 5000
    assert kernel.buffer(0).read() == b""


@pytest.mark.parametrize("misuse", [
    lambda b: b.read(0, 7),
    lambda b: b.read(-1, 2),
    lambda b: b.read(2, -1),
    lambda b: b.read(7),
    lambda b: b.write(b"1234567"),
    lambda b: b.write(b"1", 6),
    lambda b: b.write(b"1", -1),
])
def test_beyond_a_buffers_end(kernel: Kernel, misuse: Callable[[Buffer], object]) -> None:
    with pytest.raises(ValueError):
        misuse(kernel.buffer(6))


def test_buffers_do_not_overlap(kernel: Kernel) -> None:
    buffers = [kernel.buffer(bytes([i % 256]) * (i * 37 % 6000)) for i in range(200)]
    spans = sorted((b.address, b.address + len(b)) for b in buffers if len(b))
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    for i, buffer in enumerate(buffers):
        assert buffer.read() == bytes([i % 256]) * len(buffer)


# -- sysctl ----------------------------------------------------------------------

def test_sysctl_by_name_and_number(kernel: Kernel) -> None:
    assert kernel.sysctl("kern.ostype") == b"FreeBSD\0"
    assert kernel.sysctl([1, 1]) == b"FreeBSD\0"
    assert kernel.sysctl("kern.osreldate") == struct.pack("<i", kernel.version)
    assert kernel.sysctl("kern.osrelease").rstrip(b"\0").decode() == kernel.release


def test_sysctl_with_room(kernel: Kernel) -> None:
    assert kernel.sysctl("kern.ostype", room=8) == b"FreeBSD\0"
    assert kernel.sysctl("kern.ostype", room=100) == b"FreeBSD\0"
    assert kernel.sysctl("kern.ostype", room=0) == b""
    with pytest.raises(KernelError) as caught:
        kernel.sysctl("kern.ostype", room=3)
    assert (caught.value.name, caught.value.call) == ("ENOMEM", "sysctl")
    assert caught.value.request == "kern.ostype"
    assert kernel.sysctl_size("kern.ostype") == 8


def test_sysctl_of_nothing(kernel: Kernel) -> None:
    with pytest.raises(FileNotFoundError):
        kernel.sysctl("no.such.node")
    with pytest.raises(FileNotFoundError):
        kernel.sysctl([1, 99_999])


def test_the_process_table_holds_the_caller(kernel: Kernel) -> None:
    record = kernel.target.struct("struct kinfo_proc")
    table = kernel.sysctl([1, 14, 0])
    assert len(table) % record.size == 0
    pids = [record.get(table, "ki_pid", at) for at in range(0, len(table), record.size)]
    assert kernel.getpid() in pids
    assert kernel.sysctl_size([1, 14, 0]) >= len(table)


# -- the caller and its children ---------------------------------------------------

def test_the_caller_is_as_its_own_record_says(kernel: Kernel) -> None:
    me = kernel.caller()
    assert me.pid == kernel.getpid()
    record = kernel.target.struct("struct kinfo_proc")
    table = kernel.sysctl([1, 14, 1, me.pid])
    read = record.reader("ki_pid", "ki_ppid", "ki_pgid", "ki_sid", "ki_uid", "ki_ruid",
                         "ki_svuid", "ki_rgid", "ki_svgid")
    assert read(table, 0) == (me.pid, me.ppid, me.pgid, me.sid, me.uid, me.ruid, me.svuid,
                              me.rgid, me.svgid)
    assert me.gid in me.groups


def test_a_child_does_work(kernel: Kernel) -> None:
    me = kernel.getpid()
    pid, parent = kernel.run_child(lambda k: (k.getpid(), k.caller().ppid))
    assert pid != me
    assert parent == me
    no_child_is_left(kernel)


def fail(_: Kernel) -> None:
    raise LookupError("for the test")


def refused(kernel: Kernel) -> None:
    kernel.kill(99_999, 0)


def test_what_a_child_raises_is_raised(kernel: Kernel) -> None:
    with pytest.raises(LookupError, match="for the test"):
        kernel.run_child(fail)
    with pytest.raises(ProcessLookupError) as caught:
        kernel.run_child(refused)
    assert isinstance(caught.value, KernelError)
    assert caught.value.target == 99_999
    no_child_is_left(kernel)


@pytest.mark.privileged
def test_a_child_of_another_user(kernel: Kernel) -> None:
    caller = kernel.run_child(lambda k: k.caller(), uid=1001)
    assert (caller.uid, caller.ruid, caller.svuid, caller.gid) == (1001, 1001, 1001, 1001)
    assert caller.groups == (1001,)
    with pytest.raises(PermissionError):
        kernel.run_child(lambda k: k.kill(1, 0), uid=1001)


def test_a_child_that_lets_itself_be_traced(kernel: Kernel) -> None:
    def work(k: Kernel) -> int:
        k.ptrace(k.target.constants["PT_TRACE_ME"], 0, 0, 0)
        return k.getpid()

    assert kernel.run_child(work) != kernel.getpid()
    no_child_is_left(kernel)


def test_it_is_the_default_inside_its_block(kernel: Kernel) -> None:
    assert default() is kernel
    with use(kernel):
        assert default() is kernel


# -- files -----------------------------------------------------------------------

def test_files_are_made_read_and_changed(kernel: Kernel) -> None:
    folder = f"/tmp/bsdproc-test-{kernel.getpid()}"
    kernel.mkdir(folder)
    try:
        path = f"{folder}/file"
        fd = kernel.open(path, O_RDWR | O_CREAT, 0o640)
        assert kernel.write(fd, b"hello") == 5
        assert kernel.pwrite(fd, b"J", 0) == 1
        assert kernel.pread(fd, 100, 1) == b"ello"
        assert kernel.pread(fd, 0, 0) == b""
        kernel.close(fd)
        s = kernel.lstat(path)
        assert (s.size, s.mode & 0o7777, s.mode >> 12, s.nlink) == (5, 0o640, 8, 1)
        kernel.chmod(path, 0o4711)
        assert kernel.lstat(path).mode & 0o7777 == 0o4711
        assert kernel.listdir(folder) == ["file"]
        fd = kernel.open(path, O_RDONLY)
        assert kernel.read(fd, 2) == b"Je"
        assert kernel.read(fd, 100) == b"llo"
        assert kernel.read(fd, 100) == b""
        kernel.close(fd)
        with pytest.raises(FileExistsError):
            kernel.open(path, O_RDWR | O_CREAT | O_EXCL)
        with pytest.raises(NotADirectoryError):
            kernel.listdir(path)
        with pytest.raises(KernelError) as caught:
            kernel.rmdir(folder)
        assert caught.value.name == "ENOTEMPTY"
        kernel.unlink(path)
    finally:
        kernel.rmdir(folder)
    with pytest.raises(FileNotFoundError) as gone:
        kernel.lstat(folder)
    assert isinstance(gone.value, KernelError)
    assert gone.value.request == folder


def test_a_pipe_ends_when_its_writer_is_closed(kernel: Kernel) -> None:
    reader, writer = kernel.pipe()
    assert kernel.write(writer, b"through") == 7
    assert kernel.read(reader, 3) == b"thr"
    kernel.close(writer)
    assert kernel.read(reader, 100) == b"ough"
    assert kernel.read(reader, 100) == b""
    kernel.close(reader)
    with pytest.raises(KernelError) as caught:
        kernel.close(reader)
    assert caught.value.name == "EBADF"
