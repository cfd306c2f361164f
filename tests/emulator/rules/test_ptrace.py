"""ptrace(2): what its requests check, rule by rule."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest

from bsdproc.kernel import Kernel

from .held import finish, how, record, until
from .tracee import (
    BREAKPOINT,
    CODE,
    DATA,
    LWPINFO_SIZE,
    NOP,
    NUMBERS,
    REG,
    TARGET,
    Bring,
    Tracee,
    call,
)

NO_FILE = -1
KERNEL_ADDRESS = 0xFFFFFFFF80000000
VM_ENTRY = TARGET.struct("struct ptrace_vm_entry")
FORK, VFORK, EXIT, WAIT4, GETPID, GETPPID = 2, 66, 1, 7, 20, 39
NANOSLEEP, THR_NEW = 240, 455
MMAP, ROOM = 477, 0x60000000
PTRACE, RFORK, SIGACTION, SIGPROCMASK, SIGPENDING, KILL = 26, 251, 416, 340, 343, 37
WNOHANG, WUNTRACED, WCONTINUED, WLINUXCLONE = 1, 2, 4, 0x80000000
SIGUSR1, SIGUSR2, SIGKILL, SIGCHLD = 30, 31, 9, 20
EPERM, ECHILD = 1, 10
P_TRACED = 0x800


@pytest.fixture
def t(kernel: Kernel, tracee: Bring) -> Iterator[Tracee]:
    tracee_ = Tracee.with_room(kernel, tracee("spin"))
    yield tracee_
    finish(kernel, [tracee_.pid])


def entry(t: Tracee, index: int, path: int = 0, room: int = 0) -> dict[str, object]:
    """PT_VM_ENTRY."""
    lent = t.k.buffer(VM_ENTRY.pack({"pve_entry": index, "pve_path": path, "pve_pathlen": room}))
    t.k.ptrace(NUMBERS["PT_VM_ENTRY"], t.pid, lent, 0)
    return dict(VM_ENTRY.unpack(lent.read()))


def test_the_holes_of_a_vm_entry_stay(t: Tracee) -> None:
    lent = t.k.buffer(b"\xAB" * VM_ENTRY.size)
    lent.write(VM_ENTRY.pack({})[:4])
    lent.write(bytes(4), VM_ENTRY.field("pve_pathlen").offset)
    t.k.ptrace(NUMBERS["PT_VM_ENTRY"], t.pid, lent, 0)
    behind = VM_ENTRY.field("pve_fsid").offset + 4
    assert lent.read()[behind : behind + 4] == b"\xAB" * 4


def test_a_debugger_writes_nothing_that_could_never_be_written(t: Tracee) -> None:
    """PROT_MAX(PROT_READ) of anonymous memory: nobody has a copy to make."""
    t.run(call(MMAP, ROOM, 4096, 1 | 1 << 16, 0x1012, -1, 0))
    assert t.wait() == "SIGTRAP"
    assert t.kept() == ROOM
    assert how(lambda: t.write(ROOM, b"x")) == "EFAULT"
    assert how(lambda: t.ask("PT_WRITE_D", ROOM, 1)) == "ENOMEM"
    assert t.read(ROOM, 1) == b"\0"


def refused(t: Tracee, request: str, addr: object = 0, data: int = 0) -> str:
    return how(lambda: t.k.ptrace(NUMBERS[request], t.pid, addr, data))  # type: ignore[arg-type]


# -- PT_VM_ENTRY ------------------------------------------------------------------
@pytest.mark.rule("freebsd-sys_process", "vm-timestamp")
def test_an_entry_has_the_map_s_timestamp(t: Tracee) -> None:
    assert entry(t, 0)["pve_timestamp"] == t.ask("PT_VM_TIMESTAMP")


@pytest.mark.rule("freebsd-sys_process", "vm-no-path", "vm-too-long", "vm-path-address")
def test_the_path_of_an_entry(t: Tracee) -> None:
    """Without room for it there are no numbers of the file either; too little
    room is ENAMETOOLONG, a bad address EFAULT."""
    found = entry(t, 0)
    assert (found["pve_fileid"], found["pve_pathlen"]) == (NO_FILE, 0)
    room = t.k.buffer(1024)
    found = entry(t, 0, room.address, 1024)
    length = found["pve_pathlen"]
    assert isinstance(length, int)
    assert room.read()[:length].endswith(b"/spin\0")
    assert found["pve_fileid"] != NO_FILE
    assert how(lambda: entry(t, 0, room.address, length - 1)) == "ENAMETOOLONG"
    assert how(lambda: entry(t, 0, room.address, length)) == ""
    assert how(lambda: entry(t, 0, KERNEL_ADDRESS, 1024)) == "EFAULT"


# -- arguments ----------------------------------------------------------------------
@pytest.mark.rule("freebsd-sys_process", "args-mask", "args-mask-size")
def test_a_mask_is_read_before_the_process_is_looked_for(t: Tracee) -> None:
    assert refused(t, "PT_SET_EVENT_MASK", KERNEL_ADDRESS, 4) == "EFAULT"
    set_mask = NUMBERS["PT_SET_EVENT_MASK"]
    assert how(lambda: t.k.ptrace(set_mask, 99998, KERNEL_ADDRESS, 4)) == "EFAULT"
    assert how(lambda: t.k.ptrace(set_mask, 99998, KERNEL_ADDRESS, 5)) == "EINVAL"


@pytest.mark.rule("freebsd-sys_process", "args-zero")
def test_what_no_register_has_is_zero(t: Tracee) -> None:
    """The words that struct dbreg has no debug register for, and the end of
    struct fpreg, whatever the buffer held."""
    lent = t.k.buffer(b"\xff" * 128)
    t.k.ptrace(NUMBERS["PT_GETDBREGS"], t.pid, lent, 0)
    assert lent.read() == bytes(128)
    lent = t.k.buffer(b"\xff" * 512)
    t.k.ptrace(NUMBERS["PT_GETFPREGS"], t.pid, lent, 0)
    assert lent.read()[416:] == bytes(96)


@pytest.mark.rule("freebsd-sys_process", "lwplist-address")
def test_a_list_of_threads_that_goes_nowhere(t: Tracee) -> None:
    assert refused(t, "PT_GETLWPLIST", KERNEL_ADDRESS, 4) == "EFAULT"


@pytest.mark.rule("freebsd-sys_process", "io-unknown")
@pytest.mark.parametrize("operation", [0, 5, -1])
def test_no_operation_of_pt_io(t: Tracee, operation: int) -> None:
    room = t.k.buffer(16)
    given = t.k.buffer(struct.pack("<iiQQQ", operation, 0, CODE, room.address, 16))
    assert refused(t, "PT_IO", given) == "EINVAL"
    assert given.read()[24:] == struct.pack("<Q", 16)


# -- the process ----------------------------------------------------------------------
@pytest.mark.rule("freebsd-sys_process", "find-order")
@pytest.mark.privileged
def test_seen_then_debugged_then_the_system_s(kernel: Kernel) -> None:
    """Of init, which a user neither sees nor debugs nor may trace."""
    attach = NUMBERS["PT_ATTACH"]

    def as_user(k: Kernel) -> str:
        return how(lambda: k.ptrace(attach, 1, 0, 0))

    kernel.sysctl("security.bsd.see_other_uids", new=struct.pack("<i", 0))
    try:
        unseen = kernel.run_child(as_user, uid=1001)
    finally:
        kernel.sysctl("security.bsd.see_other_uids", new=struct.pack("<i", 1))
    assert (unseen, kernel.run_child(as_user, uid=1001), as_user(kernel)) == (
        "ESRCH", "EPERM", "EINVAL")


@pytest.fixture
def threads(t: Tracee) -> tuple[Tracee, int]:
    """A tracee of two threads at a stop of the first, and the other's id."""
    start = CODE + 0x800
    t.write(start, b"\xeb\xfe")
    parameters = struct.pack("<QQQQQQQQi4xQ3Q", start, 7, DATA + 0x2000, 0x1000, *[0] * 9)
    t.write(DATA + 0x300, parameters)
    t.run(call(THR_NEW, DATA + 0x300, len(parameters)))
    assert t.wait() == "SIGTRAP"
    first = _lwpid(t)
    return t, next(one for one in _list(t) if one != first)


def _list(t: Tracee) -> list[int]:
    lent = t.k.buffer(16)
    count = t.k.ptrace(NUMBERS["PT_GETLWPLIST"], t.pid, lent, 4)
    return list(struct.unpack(f"<{count}i", lent.read()[: 4 * count]))


def _lwpid(t: Tracee) -> int:
    value: int = struct.unpack_from("<i", t.record("PT_LWPINFO", LWPINFO_SIZE))[0]
    return value


@pytest.mark.rule("freebsd-sys_process", "thread-first", "running", "not-suspended")
def test_a_running_process_stands_for_its_first_thread(t: Tracee) -> None:
    """Which is busy, as all requests say that want a stop."""
    t.go()
    for request, addr, data in (("PT_GETNUMLWPS", 0, 0), ("PT_CONTINUE", 1, 0),
                                ("PT_GETREGS", t.k.buffer(REG.size), 0), ("PT_KILL", 0, 0),
                                ("PT_VM_TIMESTAMP", 0, 0), ("PT_STEP", 1, 999)):
        assert refused(t, request, addr, data) == "EBUSY"
    t.kill("SIGSTOP")
    assert t.wait() == "SIGSTOP"
    assert refused(t, "PT_GETNUMLWPS") == ""


@pytest.mark.rule("freebsd-sys_process", "resume", "suspend")
def test_a_resumed_thread_runs_with_the_others(threads: tuple[Tracee, int]) -> None:
    t, second = threads
    loop = CODE + 0x900
    counter = DATA + 0x700
    code = b"\x48\xff\x04\x25" + struct.pack("<I", counter) + b"\xeb\xf6"   # inc [counter]; jmp
    t.write(loop, code)
    lent = t.k.buffer(REG.size)
    t.k.ptrace(NUMBERS["PT_GETREGS"], second, lent, 0)
    registers = bytearray(lent.read())
    REG.put(registers, "r_rip", loop)
    t.k.ptrace(NUMBERS["PT_SETREGS"], second, t.k.buffer(registers), 0)
    t.write(CODE, b"\xeb\xfe")
    t.register("r_rip", CODE)

    def counted() -> int:
        t.go()
        t.k.settle(0.05)
        t.kill("SIGSTOP")
        t.wait()
        return int.from_bytes(t.read(counter, 8), "little")

    t.k.ptrace(NUMBERS["PT_SUSPEND"], second, 0, 0)
    assert counted() == 0
    t.k.ptrace(NUMBERS["PT_RESUME"], second, 0, 0)
    # When it has its turn on a busy machine is not said.
    assert any(counted() for _ in range(100))


# -- PT_TRACE_ME -------------------------------------------------------------------------
@pytest.mark.rule("freebsd-sys_process", "traceme-init")
def test_a_child_of_init_has_nobody_to_trace_it(t: Tracee) -> None:
    """Once its parent has gone."""
    t.write(DATA + 0x200, struct.pack("<qq", 0, 200_000_000))
    child = (call(NANOSLEEP, DATA + 0x200, 0) + call(PTRACE, 0, 0, 0, 0, keep=8)
             + call(GETPPID, keep=16) + b"\xeb\xfe")
    parent = call(EXIT, 0)
    jump = b"\x85\xc0\x0f\x84" + struct.pack("<I", len(parent))
    t.events(NUMBERS["PTRACE_FORK"])
    t.run(call(FORK) + jump + parent + child)
    assert t.wait() == "SIGTRAP"
    info = TARGET.struct("struct ptrace_lwpinfo").unpack(t.record("PT_LWPINFO", LWPINFO_SIZE))
    pid = info["pl_child_pid"]
    assert isinstance(pid, int)
    assert t.k.wait4(pid).pid == pid
    t.events(0)
    orphan = Tracee.__new__(Tracee)
    orphan.k, orphan.pid = t.k, pid
    orphan.ask("PT_DETACH", 1, 0)
    t.go()
    assert t.wait() == "exited 0"
    until(t.k, lambda: record(t.k, pid)["ki_ppid"] == 1)
    t.k.settle(1)
    orphan.ask("PT_ATTACH")
    assert orphan.wait() == "SIGSTOP"
    assert (orphan.kept(8), orphan.kept(16)) == (EPERM, 1)
    finish(t.k, [pid])


@pytest.mark.rule("freebsd-sys_process", "traceme-vfork")
def test_a_vfork_child_stops_at_its_execve_alone(kernel: Kernel, tracee: Bring) -> None:
    """Signals before it act as if nobody traced it (P_PPTRACE)."""
    path = tracee("exiter").encode()
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 0x400, path + b"\0")
    t.write(DATA + 0x600, struct.pack("<QQ", DATA + 0x400, 0))
    child = (call(PTRACE, 0, 0, 0, 0, keep=8) + call(GETPID)
             + b"\x48\x89\xc7" + b"\x48\xbe" + struct.pack("<Q", 23)     # kill(getpid(), SIGIO)
             + b"\x48\xb8" + struct.pack("<Q", KILL) + b"\x0f\x05"
             + call(59, DATA + 0x400, DATA + 0x600, 0))
    parent = call(WAIT4, (1 << 64) - 1, DATA + 0x700, 0, 0, keep=24)
    jump = b"\x85\xc0\x0f\x84" + struct.pack("<I", len(parent) + 1)
    t.run(call(66) + jump + parent + BREAKPOINT + child)
    assert t.wait() == "SIGTRAP"
    status, = struct.unpack("<i", t.read(DATA + 0x700, 4))
    assert (t.kept(8), status) == (0, 0x57F), "the stop of the execve is the first that is told"
    finish(kernel, [t.pid])


# -- going on -------------------------------------------------------------------------------
@pytest.fixture
def child(kernel: Kernel, tracee: Bring) -> Iterator[int]:
    path = tracee("spin")
    pid = kernel.spawn(path, [path], {})
    kernel.settle(0.01)
    yield pid
    finish(kernel, [pid])


def attached(kernel: Kernel, pid: int) -> None:
    kernel.ptrace(NUMBERS["PT_ATTACH"], pid, 0, 0)
    assert kernel.wait4(pid).status == 0x117F


def mask(kernel: Kernel, pid: int) -> int:
    lent = kernel.buffer(4)
    kernel.ptrace(NUMBERS["PT_GET_EVENT_MASK"], pid, lent, 4)
    return int.from_bytes(lent.read(), "little")


@pytest.mark.rule("freebsd-sys_process", "detach-mask", "traced-mask")
def test_a_detached_process_s_mask_is_not_there_for_the_next_tracer(
        kernel: Kernel, child: int) -> None:
    attached(kernel, child)
    kernel.ptrace(NUMBERS["PT_SET_EVENT_MASK"], child, kernel.buffer(b"\x3e\0\0\0"), 4)
    kernel.ptrace(NUMBERS["PT_DETACH"], child, 1, 0)
    attached(kernel, child)
    assert mask(kernel, child) == NUMBERS["PTRACE_EXEC"]
    kernel.ptrace(NUMBERS["PT_DETACH"], child, 1, 0)


@pytest.mark.rule("freebsd-sys_process", "detach-quiet", "detach-untraced")
def test_nobody_is_told_that_a_detached_child_goes_on(kernel: Kernel, child: int) -> None:
    attached(kernel, child)
    kernel.ptrace(NUMBERS["PT_DETACH"], child, 1, 0)
    kernel.settle(0.05)
    assert kernel.wait4(child, WNOHANG | WCONTINUED | WUNTRACED).pid == 0
    flag = record(kernel, child)["ki_flag"]
    assert isinstance(flag, int)
    assert not flag & P_TRACED


@pytest.mark.rule("freebsd-sys_process", "detach-suspended")
def test_suspended_threads_run_behind_a_detach(t: Tracee) -> None:
    t.write(CODE, call(GETPID) + call(EXIT, 3))
    t.register("r_rip", CODE)
    t.ask("PT_SUSPEND")
    t.ask("PT_DETACH", 1)
    assert t.wait() == "exited 3"


@pytest.mark.rule("freebsd-sys_process", "detach-sigchld")
def test_a_sigchld_of_a_stop_that_is_over_does_not_come(
        kernel: Kernel, tracee: Bring, child: int) -> None:
    """A debugger that blocks it, and detaches: nothing is pending."""
    t = Tracee.with_room(kernel, tracee("spin"))
    t.write(DATA + 0x200, struct.pack("<16s", (1 << SIGCHLD - 1).to_bytes(16, "little")))
    attach = (call(SIGPROCMASK, 1, DATA + 0x200, 0) + call(SIGACTION, SIGCHLD, DATA + 0x280, 0)
              + call(PTRACE, NUMBERS["PT_ATTACH"], child, 0, 0)
              + call(WAIT4, child, DATA + 0x300, 0, 0, keep=8))
    t.write(DATA + 0x280, struct.pack("<Qi", CODE + 0x800, 0) + bytes(20))
    pending = []
    for code in (attach, call(PTRACE, NUMBERS["PT_DETACH"], child, 1, 0)):
        t.run(code + call(SIGPENDING, DATA + 0x400))
        assert t.wait() == "SIGTRAP"
        pending.append(t.read(DATA + 0x400, 4))
    assert t.kept(8) == child
    assert pending[1] == bytes(4)
    finish(kernel, [t.pid])


@pytest.mark.rule("freebsd-sys_process", "go-sigkill", "kill")
@pytest.mark.parametrize("request_", ["PT_CONTINUE", "PT_KILL", "PT_STEP", "PT_SYSCALL"])
def test_sigkill_ends_it_whatever_else_is_pending(t: Tracee, request_: str) -> None:
    for sig in ("SIGUSR1", "SIGTERM", "SIGSTOP"):
        t.kill(sig)
    t.ask(request_, 1, SIGKILL)
    assert t.wait() == "killed by 9"


# -- PT_LWPINFO ------------------------------------------------------------------------------
@pytest.mark.rule("freebsd-sys_process", "lwpinfo-si-room", "lwpinfo-part")
def test_without_room_for_the_signal_s_information_there_is_none(t: Tracee) -> None:
    t.run(NOP)
    assert t.wait() == "SIGTRAP"
    layout = TARGET.struct("struct ptrace_lwpinfo")
    field = layout.field("pl_siginfo")
    end = field.offset + field.size
    flags = {size: struct.unpack_from("<i", t.record("PT_LWPINFO", size), 8)[0] & 0x20
             for size in (12, field.offset, end - 1, end, LWPINFO_SIZE)}
    assert flags == {12: 0, field.offset: 0, end - 1: 0, end: 0x20, LWPINFO_SIZE: 0x20}


@pytest.mark.rule("freebsd-sys_process", "lwpinfo-no-call")
def test_no_number_of_a_call_outside_of_one(t: Tracee) -> None:
    layout = TARGET.struct("struct ptrace_lwpinfo")
    seen: list[tuple[object, object]] = []
    t.run(call(GETPID))
    assert t.wait() == "SIGTRAP"
    for request in ("PT_STEP", "PT_TO_SCE"):
        info = layout.unpack(t.record("PT_LWPINFO", LWPINFO_SIZE))
        seen.append((info["pl_syscall_code"], info["pl_syscall_narg"]))
        t.write(CODE, call(GETPID) + BREAKPOINT)
        t.register("r_rip", CODE)
        t.go(request=request)
        assert t.wait() == "SIGTRAP"
    info = layout.unpack(t.record("PT_LWPINFO", LWPINFO_SIZE))
    seen.append((info["pl_syscall_code"], info["pl_syscall_narg"]))
    assert seen == [(0, 0), (0, 0), (GETPID, 0)]


# -- a child's own signal -----------------------------------------------------------------------
@pytest.mark.parametrize(("flags", "signal"), [
    (1 << 19 | SIGUSR2 << 20, SIGUSR2), (1 << 16, SIGUSR1), (1 << 19, 0), (0, SIGCHLD)])
def test_rfork_says_by_which_signal_a_child_tells_of_its_end(
        t: Tracee, flags: int, signal: int) -> None:
    everything = (1 << 128) - 1
    t.write(DATA + 0x200, everything.to_bytes(16, "little"))
    t.write(DATA + 0x280, struct.pack("<Qi", CODE + 0x800, 0) + bytes(20))
    parent = (call(NANOSLEEP, DATA + 0x500, 0, keep=96)
              + call(SIGPENDING, DATA + 0x400, keep=96)
              + call(WAIT4, (1 << 64) - 1, DATA + 0x600, WNOHANG, 0, keep=8)
              + call(WAIT4, (1 << 64) - 1, DATA + 0x600, WNOHANG | WLINUXCLONE, 0, keep=16)
              + BREAKPOINT)
    t.write(DATA + 0x500, struct.pack("<qq", 0, 100_000_000))
    jump = b"\x85\xc0\x0f\x84" + struct.pack("<I", len(parent))
    t.run(call(SIGPROCMASK, 3, DATA + 0x200, 0) + call(SIGACTION, SIGCHLD, DATA + 0x280, 0)
          + call(RFORK, 1 << 4 | 1 << 2 | flags) + jump + parent + call(EXIT, 0))
    assert t.wait() == "SIGTRAP"
    pending = int.from_bytes(t.read(DATA + 0x400, 16), "little")
    assert pending == (1 << signal - 1 if signal else 0)
    child = t.kept()
    assert (t.kept(8), t.kept(16)) == (
        (child, ECHILD) if signal == SIGCHLD else (ECHILD, child))


@pytest.mark.parametrize("flags", [SIGUSR1 << 20, 1 << 19 | 129 << 20])
def test_rfork_refuses_a_signal_that_is_none(t: Tracee, flags: int) -> None:
    t.run(call(RFORK, 1 << 4 | flags))
    assert t.wait() == "SIGTRAP"
    assert t.kept() == 22


@pytest.mark.parametrize("flags", [1 << 4, 1 << 2, 1 << 5, 1 << 31 - 1])
def test_rfspawn_stands_alone(t: Tracee, flags: int) -> None:
    t.run(call(RFORK, 1 << 31 | flags))
    assert t.wait() == "SIGTRAP"
    assert t.kept() == 22


REAP = call(WAIT4, (1 << 64) - 1, DATA + 0x600, 0, 0, keep=24)
FORKS = [(FORK, 0), (VFORK, 0), (RFORK, 1 << 4 | 1 << 2), (RFORK, 1 << 31)]


@pytest.mark.parametrize(("number", "flags"), FORKS)
def test_the_second_result_of_a_fork_is_nothing_to_the_parent(
        t: Tracee, number: int, flags: int) -> None:
    """The child has 1 there, by which libc's rfork_thread(3) tells them from each other."""
    parent = b"\x48\x89\xd0\x48\xa3" + struct.pack("<Q", DATA + 8) + REAP + BREAKPOINT
    jump = b"\x85\xc0\x0f\x84" + struct.pack("<I", len(parent))
    t.run(b"\xba\7\0\0\0" + call(number, flags) + jump + parent
          + b"\x89\xd7" + call(EXIT))
    assert t.wait() == "SIGTRAP"
    assert t.kept(8) == 0
    assert t.read(DATA + 0x600, 4) == struct.pack("<i", 1 << 8)


@pytest.mark.parametrize(("number", "flags"), FORKS)
def test_the_child_of_rfspawn_catches_nothing(t: Tracee, number: int, flags: int) -> None:
    """What is ignored stays so, as at an execve."""
    t.write(DATA + 0x280, struct.pack("<Qi", CODE + 0x800, 0) + bytes(20))
    t.write(DATA + 0x2A0, struct.pack("<Qi", 1, 0) + bytes(20))
    child = (call(SIGACTION, SIGUSR1, 0, DATA + 0x300) + call(SIGACTION, SIGUSR2, 0, DATA + 0x340)
             + b"\x48\xa1" + struct.pack("<Q", DATA + 0x300) + b"\x48\x85\xc0\x0f\x95\xc0"
             + b"\x0f\xb6\xf8" + b"\x48\xa1" + struct.pack("<Q", DATA + 0x340)
             + b"\x8d\x3c\x47" + call(EXIT))
    parent = REAP + BREAKPOINT
    jump = b"\x85\xc0\x0f\x84" + struct.pack("<I", len(parent))
    t.run(call(SIGACTION, SIGUSR1, DATA + 0x280, 0) + call(SIGACTION, SIGUSR2, DATA + 0x2A0, 0)
          + call(number, flags) + jump + parent + child)
    assert t.wait() == "SIGTRAP"
    caught = flags != 1 << 31
    assert t.read(DATA + 0x600, 4) == struct.pack("<i", 2 + caught << 8)

