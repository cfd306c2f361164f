"""ptrace(2) as a real DragonFly 5.9 answered it, in the order of its records."""

from __future__ import annotations

import struct

import pytest

from bsdproc.kernel import Kernel

from .world import (
    ATTACH,
    CONTINUE,
    DETACH,
    GETDBREGS,
    GETFPREGS,
    GETREGS,
    IN_PLACE,
    IO,
    KILL,
    READ_D,
    READ_I,
    SETDBREGS,
    SETFPREGS,
    SETREGS,
    STEP,
    WNOHANG,
    WRITE_D,
    WRITE_I,
    World,
    refused,
)

ATTACHED, TRACED_WAITED = 0x4C00, 0x5C00
"""kp_flags of a program that has exec'd, before and after the wait."""
NO_PID = 99998
UNKNOWN = (99, 3, 6, 13, -1, 39)


class TestErrorsWithoutTracing:
    """ptrace-1, part 1."""

    @pytest.mark.rule("dragonfly-sys_process", "find-pid")
    def test_no_process(self, world: World) -> None:
        for request in (ATTACH, CONTINUE, *UNKNOWN):
            with refused("ESRCH"):
                world.ask(request, NO_PID)
        with refused("ESRCH"):
            world.ask(ATTACH, -1)

    @pytest.mark.rule("dragonfly-sys_process", "attach-self", "find-system")
    def test_whom_nobody_attaches_to(self, world: World) -> None:
        for pid in (world.kernel.getpid(), 0, 1):
            with refused("EINVAL"):
                world.ask(ATTACH, pid)

    @pytest.mark.rule("dragonfly-sys_process", "ask-untraced")
    def test_an_untraced_child(self, world: World) -> None:
        pid = world.settled("rest")
        for request in (CONTINUE, READ_D, GETREGS, DETACH, KILL, STEP, READ_I, GETDBREGS):
            with refused("EPERM"):
                world.ask(request, pid, world.kernel.buffer(512))
        with refused("EPERM"):
            world.ask(IO, pid, world.kernel.buffer(32))

    def test_itself(self, world: World) -> None:
        for request in (READ_D, CONTINUE):
            with refused("EPERM"):
                world.ask(request, world.kernel.getpid())

    @pytest.mark.rule("dragonfly-sys_process", "ask-unknown")
    def test_unknown_requests(self, world: World) -> None:
        pid = world.settled("rest")
        for request in UNKNOWN:
            with refused("EINVAL"):
                world.ask(request, pid)

    @pytest.mark.rule("dragonfly-sys_process", "taken-first")
    def test_what_is_read_first_faults_first(self, world: World) -> None:
        for pid in (world.settled("rest"), NO_PID):
            for request in (IO, SETREGS, SETFPREGS, SETDBREGS):
                with refused("EFAULT"):
                    world.ask(request, pid, 8)

    @pytest.mark.rule("dragonfly-sys_process", "find-pid")
    def test_a_zombie(self, world: World) -> None:
        pid = world.settled("exit 1")
        for request in (ATTACH, CONTINUE):
            with refused("ESRCH"):
                world.ask(request, pid)


class TestSleeper:
    """ptrace-1, part 2: ATTACH to a sleeping child."""

    @pytest.mark.rule(
        "dragonfly-sys_process", "attach-traced", "ask-running", "registers-answer", "attach-stop")
    def test_each_step_of_an_attachment(self, world: World) -> None:
        pid, me = world.settled("rest"), world.kernel.getpid()
        assert world.kp(pid) == (me, 2, 0x4400, 3, 0, "nanslp")
        world.attach(pid)
        assert world.kp(pid) == (me, 3, ATTACHED, 3, 17, "nanslp")
        with refused("EBUSY"):
            world.attach(pid)
        for request in (GETREGS, CONTINUE, DETACH):
            with refused("EBUSY"):
                world.ask(request, pid, world.kernel.buffer(200))
        world.wait(pid, 0x117F)
        assert world.kp(pid) == (me, 3, TRACED_WAITED, 3, 17, "nanslp")
        regs = world.regs(pid)
        assert (regs["cs"], regs["ss"], regs["trapno"], regs["err"]) == (0x2B, 0x23, 0x81, 2)
        assert (regs["rax"], regs["rflags"] & 0x200) == (0xF0, 0x200)
        with refused("EBUSY"):
            world.attach(pid)
        with refused("EINVAL"):
            world.ask(99, pid)
        with refused("EFAULT"):
            world.ask(GETREGS, pid, 8)

    @pytest.mark.rule("dragonfly-sys_process", "word", "word-fault")
    def test_words_of_memory(self, world: World) -> None:
        pid = world.stopped("rest")
        at = world.regs(pid)["rsp"]
        value = struct.unpack("<Q", struct.pack("<ii", 1432778632, 287454020))[0]
        world.proc(pid).space.write(at, struct.pack("<Q", value))   # type: ignore[union-attr]
        assert world.ask(READ_D, pid, at) == 1432778632
        assert world.ask(READ_D, pid, at + 4) == 287454020
        assert world.ask(READ_D, pid, at + 1) == 1146447479
        assert world.ask(WRITE_D, pid, at, -1) == 0
        assert world.ask(READ_D, pid, at) == -1
        for address in (0, 0xFFFFFFFF80200000, 0x8000000000000000, 0x7FFFFFFFFF00):
            with refused("EFAULT"):
                world.ask(READ_D, pid, address)
        with refused("EFAULT"):
            world.ask(WRITE_D, pid, 0, 1)
        text = world.regs(pid)["rip"]
        word = world.ask(READ_I, pid, text)
        assert world.ask(WRITE_I, pid, text, 0x11223344) == 0
        assert world.ask(READ_I, pid, text) == 0x11223344
        assert world.ask(WRITE_I, pid, text, word) == 0

    @pytest.mark.rule("dragonfly-sys_process", "word-fault")
    def test_a_word_that_ends_beyond_its_page(self, world: World) -> None:
        """ptrace-2, part l."""
        pid = world.stopped("rest")
        space = world.proc(pid).space
        assert space is not None
        end = next(e.end for e in space.entries if space.entry_at(e.end) is None)
        assert world.ask(READ_D, pid, end - 4) is not None
        for at in (end - 3, end):
            with refused("EFAULT"):
                world.ask(READ_D, pid, at)
        with refused("EFAULT"):
            world.ask(WRITE_D, pid, end - 3, 7)

    @pytest.mark.rule("dragonfly-sys_process", "io", "io-operation", "io-nothing", "io-answer")
    def test_pt_io(self, world: World) -> None:
        pid = world.stopped("rest")
        at = world.regs(pid)["rsp"] - 64

        def io(op: int, where: int, buffer: object, size: int) -> int:
            desc = world.kernel.buffer(struct.pack(
                "<i4xQQQ", op, where, getattr(buffer, "address", buffer), size))
            try:
                world.ask(IO, pid, desc)
            finally:
                left = struct.unpack("<Q", desc.read(24, 8))[0]
            return int(left)

        text = world.kernel.buffer(b"hello tracee memory\0")
        assert io(2, at, text, 20) == 20
        for op in (1, 3):
            back = world.kernel.buffer(20)
            assert io(op, at, back, 20) == 20
            assert back.read() == b"hello tracee memory\0"
        assert io(1, at, back, 0) == 0
        for op in (0, 5):
            with refused("EINVAL"):
                io(op, at, back, 4)
        for where, here in ((0, back), (0xFFFFFFFF80200000, back), (at, 8)):
            with refused("EFAULT"):
                io(1, where, here, 4)
        with refused("EFAULT"):
            io(2, 0, back, 4)
        # What is mapped of the range has been read all the same; the length is as it was.
        top = 0x7FFFFFE00000
        big = world.kernel.buffer(b"\xaa" * 64)
        desc = world.kernel.buffer(struct.pack("<i4xQQQ", 1, top - 16, big.address, 64))
        with refused("EFAULT"):
            world.ask(IO, pid, desc)
        assert struct.unpack("<Q", desc.read(24, 8))[0] == 64
        assert big.read(0, 16) != b"\xaa" * 16
        assert big.read(16) == b"\xaa" * 48

    @pytest.mark.rule(
        "dragonfly-sys_process", "regs", "fpregs", "dbregs", "dbregs-asleep", "regs-flags")
    def test_registers_of_one_asleep(self, world: World) -> None:
        """General registers need the stop alone, the others the lwp's."""
        pid = world.stopped("rest")
        for get, set, size in ((GETFPREGS, SETFPREGS, 512), (GETDBREGS, SETDBREGS, 128)):
            buffer = world.kernel.buffer(size)
            assert world.ask(get, pid, buffer) == 0
            with refused("EBUSY"):
                world.ask(set, pid, buffer)
        regs = world.regs(pid)
        world.set_regs(pid, regs)
        with refused("EINVAL"):
            world.set_regs(pid, {**regs, "cs": 8})
        world.set_regs(pid, {**regs, "rflags": regs["rflags"] ^ 0x40})
        world.set_regs(pid, {**regs, "rflags": regs["rflags"] | 0x100})
        world.set_regs(pid, regs)

    @pytest.mark.rule("dragonfly-sys_process", "go-signal", "go-on")
    def test_a_signal_number_that_is_none_here(self, world: World) -> None:
        pid = world.stopped("rest")
        for sig in (-1, 129, 999):
            with refused("EINVAL"):
                world.ask(CONTINUE, pid, IN_PLACE, sig)
        world.go(pid, 65)
        with refused("EBUSY"):
            world.ask(CONTINUE, pid, IN_PLACE, 128)
        world.nothing(pid)
        assert world.kp(pid)[1:] == (2, TRACED_WAITED, 3, 65, "nanslp")


class TestSteps:
    """ptrace-1, part 5, and ptrace-2, part i."""

    @pytest.mark.rule("dragonfly-sys_process", "go-step")
    def test_single_steps(self, world: World) -> None:
        pid = world.stopped("spin")
        before = world.regs(pid)
        assert (before["trapno"], before["err"]) == (7, 0)
        seen = [before["rip"]]
        for _ in range(6):
            world.step(pid)
            world.wait(pid, 0x057F)
            regs = world.regs(pid)
            assert (regs["trapno"], regs["rflags"] & 0x100) == (10, 0)
            seen.append(regs["rip"])
        assert len(set(seen)) == 3

    @pytest.mark.rule("dragonfly-sys_process", "go-pc")
    def test_to_an_address(self, world: World) -> None:
        pid = world.stopped("spin")
        loop = world.regs(pid)["rip"]
        world.step(pid, addr=0)
        world.wait(pid, 0x0B7F)
        regs = world.regs(pid)
        assert (regs["rip"], regs["rflags"] & 0x100, regs["trapno"]) == (0, 0x100, 12)
        world.step(pid, addr=loop)
        world.wait(pid, 0x057F)

    def test_with_a_signal_after_the_attach_stop(self, world: World) -> None:
        pid = world.stopped("spin")
        world.step(pid, 30)
        world.wait(pid, 0x057F)

    def test_over_a_system_call(self, world: World) -> None:
        pid = world.stopped("catch 30", "await 30 1", "exit 3")
        space = world.proc(pid).space
        assert space is not None
        world.go(pid)
        world.kernel.kill(pid, 30)
        world.wait(pid, 0x1E7F)
        for _ in range(4):
            before = world.regs(pid)["rip"]
            world.step(pid)
            world.wait(pid, 0x057F)
            assert world.regs(pid)["rip"] != before


class TestBreakpoints:
    """ptrace-1, part 6."""

    def test_int3(self, world: World) -> None:
        pid = world.stopped("spin")
        at = world.regs(pid)["rip"]
        word = world.ask(READ_I, pid, at)
        world.ask(WRITE_I, pid, at, word & ~0xFF | 0xCC)
        world.go(pid)
        world.wait(pid, 0x057F)
        regs = world.regs(pid)
        assert (regs["rip"], regs["trapno"]) == (at + 1, 3)
        world.ask(WRITE_I, pid, at, word)
        world.go(pid, addr=at)
        world.nothing(pid)
        assert world.kp(pid)[1:] == (2, TRACED_WAITED, 1, 0, "")

    @pytest.mark.rule("dragonfly-sys_process", "dbregs")
    def test_a_watchpoint(self, world: World) -> None:
        """The lwp has to stand: after a step it does."""
        pid = world.stopped("spin")
        world.step(pid)
        world.wait(pid, 0x057F)
        counter = symbol("counter")
        assert world.ask(SETDBREGS, pid, world.kernel.buffer(
            struct.pack("<16Q", counter, 0, 0, 0, 0, 0, 0, 0xD0401, *[0] * 8))) == 0
        world.go(pid)
        world.wait(pid, 0x057F)
        buffer = world.kernel.buffer(128)
        world.ask(GETDBREGS, pid, buffer)
        dr = struct.unpack("<16Q", buffer.read())
        assert (dr[0], dr[6], dr[7]) == (counter, 0xFFFF0FF1, 0xD0401)
        assert world.regs(pid)["trapno"] == 10


def symbol(name: str) -> int:
    from elftools.elf.elffile import ELFFile
    from elftools.elf.sections import SymbolTableSection

    from .world import ACT

    with ACT.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        symbols = table.get_symbol_by_name(name)
        assert symbols
        return int(symbols[0]["st_value"])


class TestRegisters:
    """ptrace-2, part c."""

    @pytest.mark.rule("dragonfly-sys_process", "regs", "regs-flags")
    def test_which_are_taken(self, world: World) -> None:
        pid = world.stopped("spin")
        regs = world.regs(pid)
        assert (regs["r15"], regs["trapno"], regs["err"]) == (0x77, 7, 0)
        for change in ({"rflags": regs["rflags"] | 0x3000}, {"cs": 8},
                       {"rflags": regs["rflags"] & ~0x200}):
            with refused("EINVAL"):
                world.set_regs(pid, {**regs, **change})
        for change in ({"ss": 0x10}, {"rflags": regs["rflags"] | 0x100},
                       {"rip": 0xFFFFFFFF80000000}, {"r15": 0x78}):
            world.set_regs(pid, {**regs, **change})
        assert world.regs(pid)["r15"] == 0x78

    @pytest.mark.rule("dragonfly-sys_process", "fpregs", "dbregs")
    def test_floating_point_and_debug_registers_after_a_step(self, world: World) -> None:
        pid = world.stopped("spin")
        world.step(pid)
        world.wait(pid, 0x057F)
        fp = world.kernel.buffer(512)
        world.ask(GETFPREGS, pid, fp)
        assert fp.read(0, 2) == b"\x7f\x03"
        assert fp.read(108) == bytes(512 - 108)
        assert world.ask(SETFPREGS, pid, fp) == 0

        def set_dr(*dr: int) -> None:
            world.ask(SETDBREGS, pid, world.kernel.buffer(struct.pack("<16Q", *dr)))

        kernel_address = 0xFFFFFFFF80000000
        set_dr(*[0] * 8, *[0x1234] * 8)
        set_dr(kernel_address, 0, 0, 0, 0, 0, 0, 1, *[0] * 8)
        set_dr(kernel_address, *[0] * 15)
        set_dr(0, 0, 0, 0, 0, 0, 0, 2, *[0] * 8)
        with refused("EINVAL"):
            set_dr(0, 0, 0, 0, 0, 0, 0, 0x20001, *[0] * 8)
        buffer = world.kernel.buffer(128)
        world.ask(GETDBREGS, pid, buffer)
        dr = struct.unpack("<16Q", buffer.read())
        assert (dr[7], dr[8:]) == (2, (0,) * 8)


class TestLwps:
    """ptrace-2, part h: of two, the first is asked."""

    @pytest.mark.rule("dragonfly-sys_process", "first-lwp")
    def test_two(self, world: World) -> None:
        pid = world.settled("lwp", "spin", "end", "spin")
        assert world.kinfo(pid)["kp_nthreads"] == 2
        world.attach(pid)
        world.wait(pid, 0x117F)
        world.kernel.settle(0.02)
        world.wait(pid, 0x117F)
        before = world.regs(pid)
        world.step(pid)
        world.wait(pid, 0x057F)
        world.kernel.settle(0.02)
        if world.kernel.wait4(pid, WNOHANG).pid == 0:
            world.kernel.settle(0)
        assert world.regs(pid)["rip"] != before["rip"] or before["r15"] != 0x77
        assert world.ask(KILL, pid) == 0
        world.wait(pid, 0x0009)


def test_the_caller_has_no_registers(world: World) -> None:
    """Not of DragonFly: the process that asks, Python, runs no machine code here."""
    parent = world.kernel.getpid()

    def child(view: Kernel) -> None:
        def ask(request: int) -> None:
            view.ptrace(request, parent, view.buffer(512), 0)

        view.ptrace(ATTACH, parent, 0, 0)
        view.wait4(parent)
        for request in (GETREGS, SETREGS, GETFPREGS, SETFPREGS, GETDBREGS, SETDBREGS, STEP):
            with refused("EINVAL"):
                ask(request)
        view.ptrace(DETACH, parent, IN_PLACE, 0)

    world.kernel.run_child(child)
    assert "runs no emulated program" in world.kernel.log[-1]
