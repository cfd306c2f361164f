"""ptrace(2), typed: what is asked of the kernel, and what a real one answered."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from bsdproc import abi
from bsdproc.dragonfly import ptrace
from bsdproc.dragonfly.constants import DebugAccess, IoOp, Request, Signal
from bsdproc.dragonfly.registers import (
    X86_64DebugRegisters,
    X86_64FpRegisters,
    X86_64Registers,
)
from bsdproc.kernel.errors import KernelError, NotSupported
from bsdproc.kernel.port import Kernel

from . import captured
from .recorded import Memory, Recorded, refusal

LINES = [line for name in captured.PTRACE for line in captured.lines(name)]


def refusing(name: str, *, flags: int | None = None, stat: int = 3, lstat: int = 2,
             pid: int = 3, ruid: int = 0) -> Recorded:
    """A kernel that refuses, and the process that it is about."""
    kernel = Recorded()

    def answer(*asked: object) -> int:
        raise refusal(name)

    kernel.on_ptrace = answer
    if flags is not None:
        kernel.sysctls[1, 14, 1, pid] = kernel.target.struct("struct kinfo_proc").pack({
            "kp_pid": pid, "kp_flags": flags, "kp_stat": stat, "kp_ruid": ruid,
            "kp_lwp": {"kl_stat": lstat}})
    return kernel


# -- what is asked ---------------------------------------------------------------------------

Ask = Callable[[Kernel], object]
ASKED: list[tuple[str, Ask, object, int]] = [
    ("PT_ATTACH", lambda k: ptrace.attach(3, kernel=k), 0, 0),
    ("PT_DETACH", lambda k: ptrace.detach(3, kernel=k), 1, 0),
    ("PT_DETACH", lambda k: ptrace.detach(3, Signal.SIGUSR1, 0x400000, kernel=k), 0x400000, 30),
    ("PT_CONTINUE", lambda k: ptrace.cont(3, kernel=k), 1, 0),
    ("PT_CONTINUE", lambda k: ptrace.cont(3, 128, 0, kernel=k), 0, 128),
    ("PT_STEP", lambda k: ptrace.step(3, kernel=k), 1, 0),
    ("PT_STEP", lambda k: ptrace.step(3, address=0x401217, kernel=k), 0x401217, 0),
    ("PT_KILL", lambda k: ptrace.kill(3, kernel=k), 1, 0),
    ("PT_READ_D", lambda k: ptrace.read_d(3, 0x4074A8, kernel=k), 0x4074A8, 0),
    ("PT_READ_I", lambda k: ptrace.read_i(3, 0x401217, kernel=k), 0x401217, 0),
    ("PT_WRITE_D", lambda k: ptrace.write_d(3, 0x4074A8, -1, kernel=k), 0x4074A8, -1),
    ("PT_WRITE_I", lambda k: ptrace.write_i(3, 0x401217, 0xFFFFFFFF, kernel=k), 0x401217, -1),
]


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked[0])
def test_requests(asked: tuple[str, Ask, object, int]) -> None:
    name, ask, addr, data = asked
    kernel = Recorded()
    ask(kernel.port)
    assert kernel.ptraced == [(Request[name], 3, addr, data)]


def test_trace_me() -> None:
    kernel = Recorded()
    ptrace.trace_me(kernel=kernel.port)
    assert kernel.ptraced == [(Request.PT_TRACE_ME, 0, 0, 0)]


def test_values_that_are_minus_one() -> None:
    """ "READ_D value -1" is a value."""
    kernel = Recorded()
    kernel.on_ptrace = lambda *asked: -1
    assert ptrace.read_d(3, 0x4074A0, kernel=kernel.port) == -1


def test_memory() -> None:
    kernel = Recorded()
    lent: dict[int, Memory] = {}
    lend = kernel.buffer

    def buffer(contents: int | bytes | bytearray | memoryview) -> Memory:
        made = lend(contents)
        assert isinstance(made, Memory)
        lent[made.address] = made
        return made

    layout = kernel.target.struct("struct ptrace_io_desc")
    seen: list[tuple[int, int, bytes]] = []

    def answer(request: int, pid: int, addr: object, data: int) -> int:
        assert (request, pid, data) == (Request.PT_IO, 3, 0)
        assert isinstance(addr, Memory)
        desc = layout.unpack(addr.read())
        op, size = desc["piod_op"], desc["piod_len"]
        where, there = desc["piod_offs"], desc["piod_addr"]
        assert isinstance(op, int)
        assert isinstance(size, int)
        assert isinstance(where, int)
        assert isinstance(there, int)
        seen.append((op, where, lent[there].read(0, size)))
        if op in (1, 3):
            lent[there].write(b"hello tracee"[:size])
        return 0

    kernel.buffer = buffer      # type: ignore[method-assign]
    kernel.on_ptrace = answer
    assert ptrace.read(3, 0x407460, 5, kernel=kernel.port) == b"hello"
    assert ptrace.io(3, IoOp.PIOD_READ_I, 0x407460, 0, kernel=kernel.port) == b""
    assert ptrace.write(3, 0x407460, b"HELLO", kernel=kernel.port) == 5
    assert ptrace.io(3, IoOp.PIOD_WRITE_I, 0x401217, b"\xcc", kernel=kernel.port) == 1
    assert seen == [(1, 0x407460, bytes(5)), (3, 0x407460, b""),
                    (2, 0x407460, b"HELLO"), (4, 0x401217, b"\xcc")]


@pytest.mark.parametrize(("ask", "kind"), [
    (lambda k: ptrace.attach(-1, kernel=k), ValueError),
    (lambda k: ptrace.attach(None, kernel=k), TypeError),  # type: ignore[arg-type]
    (lambda k: ptrace.attach(True, kernel=k), TypeError),
    (lambda k: ptrace.cont(3, -1, kernel=k), ValueError),
    (lambda k: ptrace.cont(3, 129, kernel=k), ValueError),
    (lambda k: ptrace.cont(3, 0, 1, kernel=k), ValueError),
    (lambda k: ptrace.step(3, 0, -1, kernel=k), ValueError),
    (lambda k: ptrace.detach(3, 0, 1 << 64, kernel=k), ValueError),
    (lambda k: ptrace.read(3, 0, -1, kernel=k), ValueError),
    (lambda k: ptrace.read(3, (1 << 64) - 1, 2, kernel=k), ValueError),
    (lambda k: ptrace.read(3, 0, b"", kernel=k), TypeError),  # type: ignore[arg-type]
    (lambda k: ptrace.write(3, 0, 5, kernel=k), TypeError),  # type: ignore[arg-type]
    (lambda k: ptrace.write_d(3, 0, 1 << 32, kernel=k), ValueError),
    (lambda k: ptrace.setregs(3, X86_64FpRegisters(), kernel=k), TypeError),  # type: ignore[arg-type]
])
def test_wrong_arguments_do_not_reach_the_kernel(ask: Ask, kind: type[Exception]) -> None:
    kernel = Recorded()
    with pytest.raises(kind):
        ask(kernel.port)
    assert kernel.ptraced == []


def test_another_systems_kernel() -> None:
    kernel = Recorded()
    kernel.system = "freebsd"
    with pytest.raises(NotSupported, match="freebsd"):
        ptrace.attach(3, kernel=kernel.port)


# -- registers ---------------------------------------------------------------------------------

R = re.compile(r"R (?:attached|spin) (?:-> 0 ok )?rip=(\w+) rsp=(\w+) rflags=(\w+) rax=(\w+) "
               r"rdi=(\w+) (?:rsi=(\w+) rdx=(\w+) rcx=(\w+) )?")


def raw(prefix: str) -> bytes:
    return bytes.fromhex(next(line for line in LINES if line.startswith(prefix)).split()[-1])


def giving(data: bytes) -> Recorded:
    kernel = Recorded()

    def answer(request: int, pid: int, addr: object, _: int) -> int:
        assert isinstance(addr, Memory)
        assert len(addr) == len(data)
        addr.write(data)
        return 0

    kernel.on_ptrace = answer
    return kernel


def test_general_registers() -> None:
    data = raw("  RAW regs ")
    said = next(found for line in LINES if (found := R.match(line)))
    regs = ptrace.getregs(3, kernel=giving(data).port)
    values = [int(word, 16) for word in said.groups()]
    assert [regs.rip, regs.rsp, regs.rflags & 0xFFFF, regs.rax, regs.rdi, regs.rsi, regs.rdx,
            regs.rcx] == [values[0], values[1], regs.rflags & 0xFFFF, *values[3:]]
    assert (regs.pc, regs.sp, regs.fp) == (regs.rip, regs.rsp, regs.rbp)
    assert (regs.return_value, regs.syscall_number) == (regs.rax, regs.rax)
    assert (regs.trapno, regs.err, regs.cs, regs.ss) == (0x81, 2, 0x2B, 0x23)
    regs.arguments = (1, 2, 3)
    assert (regs.rdi, regs.rsi, regs.rdx) == (1, 2, 3)
    kernel = Recorded()
    ptrace.setregs(3, regs, kernel=kernel.port)
    ((request, pid, sent, _),) = kernel.ptraced
    assert (request, pid) == (Request.PT_SETREGS, 3)
    assert isinstance(sent, Memory)
    assert sent.read() == bytes(regs)
    assert len(regs.names()) == 25


def test_floating_point_registers() -> None:
    """A process that has loaded pi and -1 into the x87 and 1.0 into %xmm0, which the
    kernel does not give."""
    for line in [line for line in LINES if line.startswith("  FP ")]:
        data = bytes.fromhex(line.split()[1])
        data += bytes(512 - len(data))
        found = ptrace.getfpregs(6, kernel=giving(data).port)
        assert (found.fcw, found.fsw, found.ftw) == (0x37F, 0x3000, 0xC0)
        assert found.st[0] == 0x4000C90FDAA22168C235
        assert found.st[1] == 0x3FFF8000000000000000
    full = raw("  RAW fpregs ")
    assert any(full[108:])
    found = ptrace.getfpregs(3, kernel=giving(full).port)
    assert bytes(found) == full[:108] + bytes(404)
    assert bytes(found).startswith(b"\x7f\x03")


def test_debug_registers() -> None:
    full = raw("  RAW dbregs ")
    assert any(full[64:])
    found = ptrace.getdbregs(3, kernel=giving(full).port)
    assert bytes(found) == full[:64] + bytes(64)
    found.set_slot(0, 0x419D20, DebugAccess.DBREG_DR7_WRONLY, 4)
    # As the program set its watchpoint: dr7=d0401, with bit 10, which is always set.
    assert found.dr7 | 0x400 == 0xD0401
    watch = X86_64DebugRegisters()
    watch.dr6, watch.dr7, watch.dr0 = 0xFFFF0FF1, 0xD0401, 0x419D20
    assert watch.hits == (0,)
    assert watch.slot(0).access is DebugAccess.DBREG_DR7_WRONLY
    assert (watch.slot(0).address, watch.slot(0).length, watch.slot(0).enabled) == (
        0x419D20, 4, True)
    watch.clear_slot(0)
    assert watch.dr7 == 0x400


def test_every_register_of_the_struct() -> None:
    fields = {field.name for field in
              abi.target("dragonfly", "x86_64").struct("struct reg").fields}
    assert {f"r_{name}" for name in X86_64Registers.names()} == fields


# -- refusals -----------------------------------------------------------------------------------

REFUSED = re.compile(r"X (.*?): ptrace\((\w+)\[(-?\d+)\],(-?\d+),(\w+),(-?\d+)\) -> -1 (E\w+)$")
BY_NUMBER: dict[int, Callable[..., object]] = {
    1: ptrace.read_i, 2: ptrace.read_d, 7: ptrace.cont, 8: ptrace.kill, 9: ptrace.step,
    10: ptrace.attach, 11: ptrace.detach, 33: ptrace.getregs, 35: ptrace.getfpregs,
    37: ptrace.getdbregs,
}


@pytest.mark.parametrize("line", sorted({line for line in LINES if REFUSED.match(line)}))
def test_what_the_real_kernel_refused(line: str) -> None:
    """Each refusal that the typed functions can meet keeps its errno and says what was asked."""
    said = REFUSED.match(line)
    assert said is not None
    number, pid, addr, data = (int(word, 0) for word in said.groups()[2:6])
    error = said[7]
    ask = BY_NUMBER.get(number)
    if ask is None or pid < 0 or not 0 <= data <= 128:
        return      # not to be asked here
    arguments = (addr,) if ask in (ptrace.read_i, ptrace.read_d) else ()
    with pytest.raises(KernelError) as caught:
        ask(pid, *arguments, kernel=refusing(error).port)
    assert (caught.value.name, caught.value.target) == (error, pid)
    assert caught.value.request == Request(number).name


SYSTEM, TRACED, WAITED, SUGID = 0x200, 0x800, 0x1000, 0x100


@pytest.mark.parametrize(("kernel", "ask", "reason"), [
    (refusing("EINVAL", flags=SYSTEM | 0x4400, pid=1), lambda k: ptrace.attach(1, kernel=k),
     "a system process, as init is"),
    (refusing("EINVAL", flags=0x4400, pid=2), lambda k: ptrace.attach(2, kernel=k),
     "cannot trace itself"),
    (refusing("EINVAL", flags=0x4400), lambda k: ptrace.attach(3, kernel=k), "ancestor"),
    (refusing("EBUSY", flags=TRACED), lambda k: ptrace.attach(3, kernel=k), "traced already"),
    (refusing("EPERM", flags=0, ruid=1001), lambda k: ptrace.attach(3, kernel=k),
     "runs as user 1001"),
    (refusing("EPERM", flags=SUGID), lambda k: ptrace.attach(3, kernel=k), "credentials"),
    (refusing("EPERM", flags=0), lambda k: ptrace.cont(3, kernel=k), "not traced"),
    (refusing("EBUSY", flags=TRACED, stat=2), lambda k: ptrace.cont(3, kernel=k), "not stopped"),
    (refusing("EBUSY", flags=TRACED), lambda k: ptrace.cont(3, kernel=k), "not been waited for"),
    (refusing("EBUSY", flags=TRACED | WAITED), lambda k: ptrace.cont(3, kernel=k), "another"),
    (refusing("EBUSY", flags=TRACED | WAITED, lstat=3),
     lambda k: ptrace.setfpregs(3, X86_64FpRegisters(), kernel=k), "sleeps in a system call"),
    (refusing("ESRCH"), lambda k: ptrace.attach(99999, kernel=k), "no process with this id"),
])
def test_reasons(kernel: Recorded, ask: Ask, reason: str) -> None:
    with pytest.raises(KernelError) as caught:
        ask(kernel.port)
    assert reason in (caught.value.reason or "")


def test_no_reason_is_guessed() -> None:
    for kernel in (refusing("EINVAL", flags=0x1C00), refusing("EPERM", flags=TRACED),
                   refusing("EFAULT", flags=0x1C00), refusing("EBUSY")):
        with pytest.raises(KernelError) as caught:
            ptrace.getregs(3, kernel=kernel.port)
        assert caught.value.reason is None
