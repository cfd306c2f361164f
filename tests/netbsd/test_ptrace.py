"""What each request hands to the kernel, and what it makes of the answer."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from bsdproc import abi
from bsdproc.kernel.errors import KernelError, NotSupported, TooOld
from bsdproc.kernel.port import Kernel, Waited6
from bsdproc.netbsd import ptrace
from bsdproc.netbsd.constants import IoOp, LwpEvent, PtraceEvents, Signal, TrapCode
from bsdproc.netbsd.ptrace import AuxEntry
from bsdproc.netbsd.registers import (
    GENERAL,
    XSTATE,
    Amd64Registers,
    I386Registers,
    VectorRegisters,
    XFeature,
    XmmRegisters,
)
from bsdproc.netbsd.siginfo import Siginfo

MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]
Make = Callable[..., Any]

# request, the call, and what it passes: address, data.
PLAIN: list[tuple[str, Callable[[Kernel], object], int, int]] = [
    ("PT_TRACE_ME", lambda k: ptrace.trace_me(kernel=k), 0, 0),
    ("PT_ATTACH", lambda k: ptrace.attach(7, kernel=k), 0, 0),
    ("PT_DETACH", lambda k: ptrace.detach(7, kernel=k), 1, 0),
    ("PT_DETACH", lambda k: ptrace.detach(7, Signal.SIGUSR1, 0x4000, kernel=k), 0x4000, 30),
    ("PT_CONTINUE", lambda k: ptrace.cont(7, kernel=k), 1, 0),
    ("PT_CONTINUE", lambda k: ptrace.cont(7, 9, kernel=k), 1, 9),
    ("PT_CONTINUE", lambda k: ptrace.cont(7, lwp=3, kernel=k), 1, -3),
    ("PT_SYSCALL", lambda k: ptrace.syscall(7, 0, 0x1000, kernel=k), 0x1000, 0),
    ("PT_SYSCALL", lambda k: ptrace.syscall(7, lwp=2, kernel=k), 1, -2),
    ("PT_SYSCALLEMU", lambda k: ptrace.syscallemu(7, kernel=k), 0, 0),
    ("PT_STEP", lambda k: ptrace.step(7, kernel=k), 1, 0),
    ("PT_STEP", lambda k: ptrace.step(7, 4, kernel=k), 1, 4),
    ("PT_STEP", lambda k: ptrace.step(7, 4, 0x20, alone=True, kernel=k), 0x20, -4),
    ("PT_SETSTEP", lambda k: ptrace.setstep(7, 2, kernel=k), 0, 2),
    ("PT_CLEARSTEP", lambda k: ptrace.clearstep(7, 2, kernel=k), 0, 2),
    ("PT_KILL", lambda k: ptrace.kill(7, kernel=k), 0, 0),
    ("PT_STOP", lambda k: ptrace.stop(7, kernel=k), 0, 0),
    ("PT_SUSPEND", lambda k: ptrace.suspend(7, 5, kernel=k), 0, 5),
    ("PT_RESUME", lambda k: ptrace.resume(7, 5, kernel=k), 0, 5),
    ("PT_DUMPCORE", lambda k: ptrace.dumpcore(7, kernel=k), 0, 0),
    ("PT_READ_D", lambda k: ptrace.read_d(7, 0x123, kernel=k), 0x123, 0),
    ("PT_READ_I", lambda k: ptrace.read_i(7, 0x123, kernel=k), 0x123, 0),
    ("PT_WRITE_D", lambda k: ptrace.write_d(7, 0x123, 0xFFFFFFFF, kernel=k), 0x123, -1),
    ("PT_WRITE_I", lambda k: ptrace.write_i(7, 0x123, 5, kernel=k), 0x123, 5),
]


@pytest.mark.parametrize(("name", "call", "addr", "data"), PLAIN)
def test_a_request_passes(name: str, call: Callable[[Kernel], object], addr: int, data: int,
                          scripted: Make) -> None:
    one = scripted()
    call(one.kernel)
    number = one.script.target.constants[name]
    pid = 0 if name == "PT_TRACE_ME" else 7
    assert one.script.last.arguments == (number, pid, addr, data)


BAD: list[tuple[Callable[[Kernel], object], type[Exception]]] = [
    (lambda k: ptrace.cont(7, 64, kernel=k), ValueError),
    (lambda k: ptrace.cont(7, 9, lwp=3, kernel=k), ValueError),
    (lambda k: ptrace.cont(7, address=1, kernel=k), ValueError),
    (lambda k: ptrace.cont(7, lwp=0, kernel=k), ValueError),
    (lambda k: ptrace.cont("7", kernel=k), TypeError),      # type: ignore[arg-type]
    (lambda k: ptrace.attach(-1, kernel=k), ValueError),
    (lambda k: ptrace.step(7, alone=True, kernel=k), ValueError),
    (lambda k: ptrace.suspend(7, 0, kernel=k), ValueError),
    (lambda k: ptrace.read(7, 1 << 64, 1, kernel=k), ValueError),
    (lambda k: ptrace.read(7, 0, -1, kernel=k), ValueError),
    (lambda k: ptrace.write(7, 0, 5, kernel=k), TypeError),     # type: ignore[arg-type]
    (lambda k: ptrace.dumpcore(7, "", kernel=k), ValueError),
    (lambda k: ptrace.dumpcore(7, "a\0b", kernel=k), ValueError),
    (lambda k: ptrace.dumpcore(7, b"a", kernel=k), TypeError),      # type: ignore[arg-type]
    (lambda k: ptrace.set_event_mask(7, 1, kernel=k), TypeError),   # type: ignore[arg-type]
    (lambda k: ptrace.set_sigpass(7, [64], kernel=k), ValueError),
    (lambda k: ptrace.set_siginfo(7, Siginfo.make("i386", 5), kernel=k), TypeError),
    (lambda k: ptrace.setregs(7, I386Registers(), kernel=k), TypeError),
]


@pytest.mark.parametrize(("call", "kind"), BAD)
def test_what_is_wrong_never_reaches_the_kernel(
    call: Callable[[Kernel], object], kind: type[Exception], scripted: Make
) -> None:
    one = scripted()
    with pytest.raises(kind):
        call(one.kernel)
    assert one.script.calls == []


def test_a_core_by_its_path(scripted: Make) -> None:
    one = scripted()
    ptrace.dumpcore(7, "/tmp/core", kernel=one.kernel)
    assert one.script.last.buffer.read() == b"/tmp/core\0"
    assert one.script.last.arguments[3] == len("/tmp/core")


# -- threads ------------------------------------------------------------------------------


def listing(one: Any, ids: list[int], kind: str) -> None:
    """Answer PT_LWPNEXT and its like: the LWP after the one whose id is in the buffer."""
    layout = one.script.target.struct(kind)

    def answer(call: Any) -> int:
        asked = layout.get(call.buffer.read(), "pl_lwpid")
        if call.arguments[0] == one.script.target.constants["PT_LWPSTATUS"]:
            following = asked
        else:
            after = [0, *ids]
            following = [*ids, 0][after.index(asked)]
        values: dict[str, Any] = {"pl_lwpid": following}
        if kind.endswith("lwpstatus"):
            values |= {"pl_name": b"worker\0", "pl_private": 0x7000,
                       "pl_sigmask": {"__bits": (1 << 8, 0, 0, 0)}}
        else:
            values["pl_event"] = 1 if following == ids[0] else 0
        call.buffer.write(layout.pack(values))
        return 0

    one.script.answer = answer


@pytest.mark.parametrize("machine", ["amd64", "sparc", "mipsel"])
def test_lwps(machine: str, scripted: Make) -> None:
    one = scripted(machine)
    listing(one, [4, 3, 1], "struct ptrace_lwpstatus")
    found = ptrace.lwps(7, kernel=one.kernel)
    assert [lwp.lwpid for lwp in found] == [4, 3, 1]
    assert found[0].name == "worker"
    assert found[0].private == 0x7000
    assert found[0].sigmask == {Signal.SIGKILL}
    assert ptrace.lwpstatus(7, 3, kernel=one.kernel).lwpid == 3
    assert ptrace.lwpnext(7, 1, kernel=one.kernel) is None
    assert one.script.last.arguments[3] == one.script.target.struct(
        "struct ptrace_lwpstatus").size


def test_lwpinfo(scripted: Make) -> None:
    one = scripted()
    listing(one, [2, 1], "struct ptrace_lwpinfo")
    first = ptrace.lwpinfo(7, kernel=one.kernel)
    assert first is not None
    assert (first.lwpid, first.event) == (2, LwpEvent.PL_EVENT_SIGNAL)
    second = ptrace.lwpinfo(7, 2, kernel=one.kernel)
    assert second is not None
    assert second.event is LwpEvent.PL_EVENT_NONE
    assert ptrace.lwpinfo(7, 1, kernel=one.kernel) is None


def test_a_kernel_that_goes_round_in_circles(scripted: Make) -> None:
    one = scripted()
    layout = one.script.target.struct("struct ptrace_lwpstatus")

    def answer(call: Any) -> int:
        call.buffer.write(layout.pack({"pl_lwpid": 5}))
        return 0

    one.script.answer = answer
    assert [lwp.lwpid for lwp in ptrace.lwps(7, kernel=one.kernel)] == [5]


# -- memory -------------------------------------------------------------------------------


def transfer(one: Any, memory: bytes) -> list[tuple[int, int, int]]:
    """Answer PT_IO out of `memory`, which begins at 0x1000; what was asked."""
    layout = one.script.target.struct("struct ptrace_io_desc")
    asked: list[tuple[int, int, int]] = []

    def answer(call: Any) -> int:
        desc = layout.unpack(call.buffer.read())
        op, offs, size = desc["piod_op"], desc["piod_offs"], desc["piod_len"]
        asked.append((op, offs, size))
        start = offs if op == IoOp.PIOD_READ_AUXV else offs - 0x1000
        own = one.script.memory[desc["piod_addr"]]
        moved = max(0, min(size, len(memory) - start))
        if op in (IoOp.PIOD_READ_D, IoOp.PIOD_READ_I, IoOp.PIOD_READ_AUXV):
            own.write(memory[start : start + moved])
        call.buffer.write(layout.pack({**desc, "piod_len": moved}))
        return 0

    one.script.answer = answer
    return asked


@pytest.mark.parametrize("machine", ["amd64", "powerpc"])
def test_memory(machine: str, scripted: Make) -> None:
    one = scripted(machine)
    asked = transfer(one, b"abcdefgh")
    assert ptrace.read(7, 0x1002, 3, kernel=one.kernel) == b"cde"
    assert ptrace.read(7, 0x1006, 100, kernel=one.kernel) == b"gh"
    assert ptrace.write(7, 0x1006, b"xyz", kernel=one.kernel) == 2
    assert ptrace.io(7, IoOp.PIOD_READ_I, 0x1000, 0, kernel=one.kernel) == b""
    assert [op for op, _, _ in asked] == [1, 1, 2, 3]


@pytest.mark.parametrize(("machine", "words"), [("amd64", "<IIQ"), ("sparc", ">II"),
                                               ("sparc64", ">IIQ"), ("mipsel", "<II")])
def test_auxv(machine: str, words: str, scripted: Make) -> None:
    one = scripted(machine)
    pairs = [(6, 4096), (2014, 0x7000), (4711, 5), (0, 0)]
    wide = words.count("I") == 2 and words.endswith("Q")
    data = b"".join(struct.pack(words, kind, *((0,) if wide else ()), value)
                    for kind, value in pairs)
    asked = transfer(one, data)
    found = ptrace.auxv(7, kernel=one.kernel)
    assert found == ((6, 4096), (2014, 0x7000), (4711, 5))
    assert isinstance(found[0], AuxEntry)
    assert [str(getattr(entry.type, "name", entry.type)) for entry in found] == [
        "AT_PAGESZ", "AT_SUN_EXECNAME", "4711"]
    assert asked[0][0] == IoOp.PIOD_READ_AUXV


def test_minus_one_is_a_value(scripted: Make) -> None:
    one = scripted()
    one.script.answer = lambda call: -1
    assert ptrace.read_d(7, 0, kernel=one.kernel) == -1


# -- events -------------------------------------------------------------------------------


@pytest.mark.parametrize("machine", ["amd64", "sparc64"])
def test_event_mask(machine: str, scripted: Make) -> None:
    one = scripted(machine)
    order = one.script.target.byteorder
    events = PtraceEvents.PTRACE_FORK | PtraceEvents.PTRACE_LWP_EXIT
    ptrace.set_event_mask(7, events, kernel=one.kernel)
    assert one.script.last.buffer.read() == (0x11).to_bytes(4, order)
    assert one.script.last.arguments[3] == 4

    def answer(call: Any) -> int:
        call.buffer.write((0x80000008).to_bytes(4, order))
        return 0

    one.script.answer = answer
    found = ptrace.get_event_mask(7, kernel=one.kernel)
    assert PtraceEvents.PTRACE_LWP_CREATE in found
    assert found.value == 0x80000008


def test_process_state(scripted: Make) -> None:
    one = scripted()
    answers = iter([(1, 25), (0x20, 26), (8, 3), (0, 0)])

    def answer(call: Any) -> int:
        call.buffer.write(struct.pack("<ii", *next(answers)))
        return 0

    one.script.answer = answer
    fork, spawn, lwp, none = (ptrace.get_process_state(7, kernel=one.kernel) for _ in range(4))
    assert (fork.report_event, fork.other_pid, fork.lwp) == (PtraceEvents.PTRACE_FORK, 25, None)
    assert spawn.other_pid == 26
    assert (lwp.report_event, lwp.other_pid, lwp.lwp) == (PtraceEvents.PTRACE_LWP_CREATE, None, 3)
    assert (none.other_pid, none.lwp) == (None, None)


@pytest.mark.parametrize("machine", MACHINES)
def test_siginfo(machine: str, scripted: Make) -> None:
    one = scripted(machine)
    info = Siginfo.make(machine, Signal.SIGTRAP, TrapCode.TRAP_BRKPT, addr=0x1234, trap=3)
    ptrace.set_siginfo(7, info, 9, kernel=one.kernel)
    kept = one.script.last.buffer.read()
    assert one.script.last.arguments[3] == len(kept)

    def answer(call: Any) -> int:
        call.buffer.write(kept)
        return 0

    one.script.answer = answer
    found = ptrace.get_siginfo(7, kernel=one.kernel)
    assert found.lwpid == 9
    assert found.siginfo == info
    assert (found.siginfo.addr, found.siginfo.trap) == (0x1234, 3)


def test_sigpass(scripted: Make) -> None:
    one = scripted()
    ptrace.set_sigpass(7, {Signal.SIGHUP, Signal.SIGPWR, 63}, kernel=one.kernel)
    kept = one.script.last.buffer.read()
    assert struct.unpack("<4I", kept) == (0x80000001, 0x40000000, 0, 0)
    assert one.script.last.arguments[3] == 16

    def answer(call: Any) -> int:
        call.buffer.write(kept)
        return 0

    one.script.answer = answer
    assert ptrace.get_sigpass(7, kernel=one.kernel) == {Signal.SIGHUP, Signal.SIGPWR, 63}


# -- registers ----------------------------------------------------------------------------


@pytest.mark.parametrize("machine", MACHINES)
def test_general_registers_of_each_machine(machine: str, scripted: Make) -> None:
    one = scripted(machine)
    kept = GENERAL[machine]()
    kept.pc, kept.sp = 0x1234, 0x8000

    def answer(call: Any) -> int:
        assert len(call.buffer) == GENERAL[machine].size
        call.buffer.write(bytes(kept))
        return 0

    one.script.answer = answer
    found = ptrace.getregs(7, 3, kernel=one.kernel)
    assert type(found) is GENERAL[machine]
    assert (found.pc, found.sp) == (0x1234, 0x8000)
    assert one.script.last.arguments[0] == one.script.target.constants["PT_GETREGS"]
    assert one.script.last.arguments[3] == 3
    ptrace.setregs(7, found, 3, kernel=one.kernel)
    assert one.script.last.arguments[0] == one.script.target.constants["PT_SETREGS"]


MISSING = {
    "aarch64": ["getdbregs", "getxstate", "getxmmregs", "getvecregs"],
    "amd64": ["getxmmregs", "getvecregs"],
    "i386": ["getvecregs"],
    "powerpc": ["getdbregs", "getxstate", "getxmmregs"],
    "sparc": ["getdbregs", "getxstate", "getxmmregs", "getvecregs", "step"],
    "riscv64": ["getdbregs", "getxstate", "getxmmregs", "getvecregs", "step"],
    "arm": ["getdbregs", "getxstate", "getxmmregs", "getvecregs", "step"],
    "mipseb": ["getdbregs", "getxstate", "getxmmregs", "getvecregs", "step"],
}


@pytest.mark.parametrize("machine", MISSING)
def test_what_a_machine_lacks_is_said_before_the_call(machine: str, scripted: Make) -> None:
    one = scripted(machine)
    for name in MISSING[machine]:
        with pytest.raises(NotSupported, match=machine):
            getattr(ptrace, name)(7, kernel=one.kernel)
    if "step" in MISSING[machine]:
        for name in ("setstep", "clearstep"):
            with pytest.raises(NotSupported):
                getattr(ptrace, name)(7, 1, kernel=one.kernel)
    assert one.script.calls == []


def test_extended_state_goes_by_an_iovec(scripted: Make) -> None:
    for machine, words in (("amd64", "<QQ"), ("i386", "<II")):
        one = scripted(machine)
        kept = XSTATE[machine]()
        kept.requested = XFeature.X87 | XFeature.SSE | XFeature.AVX
        kept.set_ymm(3, 1 << 200 | 5)

        def answer(call: Any, one: Any = one, words: str = words, kept: Any = kept) -> int:
            base, size = struct.unpack(words, call.buffer.read())
            assert size == len(bytes(kept))
            one.script.memory[base].write(bytes(kept))
            return 0

        one.script.answer = answer
        found = ptrace.getxstate(7, 2, kernel=one.kernel)
        assert found.ymm(3) == 1 << 200 | 5
        assert found.in_use == XFeature.SSE | XFeature.AVX
        assert one.script.last.arguments[3] == 2
        ptrace.setxstate(7, found, kernel=one.kernel)
        assert one.script.last.arguments[0] == one.script.target.constants["PT_SETXSTATE"]


def test_sets_of_one_machine(scripted: Make) -> None:
    one = scripted("i386")
    assert isinstance(ptrace.getxmmregs(7, kernel=one.kernel), XmmRegisters)
    one = scripted("powerpc")
    found = ptrace.getvecregs(7, kernel=one.kernel)
    assert isinstance(found, VectorRegisters)
    ptrace.setvecregs(7, found, 4, kernel=one.kernel)
    assert one.script.last.arguments[3] == 4


# -- refusals -----------------------------------------------------------------------------


def test_an_older_kernel_is_said_to_be_too_old(scripted: Make) -> None:
    one = scripted()
    one.script.version, one.script.release = 900300000, "9.3"
    one.script.refuse("EINVAL")
    with pytest.raises(TooOld, match=r"came with NetBSD 10\.0, and this kernel is 9\.3"):
        ptrace.lwpnext(7, kernel=one.kernel)
    with pytest.raises(KernelError) as caught:
        ptrace.getregs(7, kernel=one.kernel)
    assert not isinstance(caught.value, TooOld)


REASONS: list[tuple[str, Callable[[Kernel], object], dict[str, int], str]] = [
    ("EPERM", lambda k: ptrace.cont(7, kernel=k), {}, "PT_ATTACH comes first"),
    ("EBUSY", lambda k: ptrace.cont(7, kernel=k), {"p_flag": 0x800, "p_ppid": 55},
     "it is traced by another process"),
    ("EBUSY", lambda k: ptrace.cont(7, kernel=k), {"p_flag": 0x800, "p_ppid": 100,
                                                   "p_realstat": 2}, "it is not stopped"),
    ("EBUSY", lambda k: ptrace.cont(7, kernel=k), {"p_flag": 0x800, "p_ppid": 100,
                                                   "p_realstat": 4}, "has not been waited for"),
    ("EBUSY", lambda k: ptrace.attach(7, kernel=k), {"p_flag": 0x800, "p_ppid": 55},
     "it is traced already"),
    ("EPERM", lambda k: ptrace.attach(7, kernel=k), {"p_flag": 0x200}, "a kernel process"),
    ("ESRCH", lambda k: ptrace.cont(7, kernel=k), {"p_realstat": 5}, "it has exited"),
    ("ESRCH", lambda k: ptrace.cont(8, kernel=k), {}, "no process with this id"),
    ("EINVAL", lambda k: ptrace.attach(100, kernel=k), {"p_pid": 100},
     "a process cannot trace itself"),
    ("EPERM", lambda k: ptrace.trace_me(kernel=k), {"p_pid": 100, "p_flag": 0x100},
     "the caller runs a set-id program"),
]


@pytest.mark.parametrize(("errno", "call", "process", "reason"), REASONS)
def test_reasons(errno: str, call: Callable[[Kernel], object], process: dict[str, int],
                 reason: str, scripted: Make) -> None:
    one = scripted()
    one.processes({"p_pid": 7, "p_realstat": 2, **process})

    def answer(asked: Any) -> object:
        if asked.name == "wait6" and process.get("p_ppid") == one.script.who.pid:
            return Waited6(0, 0, b"", b"")
        raise one.script.error("ECHILD" if asked.name == "wait6" else errno, asked.name)

    one.script.answer = answer
    with pytest.raises(KernelError) as caught:
        call(one.kernel)
    assert caught.value.name == errno
    assert reason in (caught.value.reason or "")


def test_another_users_process(scripted: Make) -> None:
    one = scripted()
    one.script.who = one.script.who._replace(uid=1000, ruid=1000)
    one.processes({"p_pid": 7, "p_ruid": 5})
    one.script.refuse("EPERM")
    with pytest.raises(PermissionError, match="it runs as user 5, the caller as 1000"):
        ptrace.attach(7, kernel=one.kernel)


def test_nothing_is_said_where_nothing_is_known(scripted: Make) -> None:
    one = scripted()
    one.script.refuse("EPERM")
    with pytest.raises(PermissionError) as caught:
        ptrace.attach(7, kernel=one.kernel)
    assert caught.value.reason is None      # type: ignore[attr-defined]


def test_registers_of_another_system_are_refused(scripted: Make) -> None:
    from bsdproc.freebsd.registers import Amd64Registers as Other

    one = scripted()
    with pytest.raises(TypeError):
        ptrace.setregs(7, Other(), kernel=one.kernel)   # type: ignore[arg-type]
    ptrace.setregs(7, Amd64Registers(), kernel=one.kernel)
