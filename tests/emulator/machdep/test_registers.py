"""Registers at system calls, forks and exec, and what the way back to a
program makes of odd values."""

from __future__ import annotations

import struct

import pytest

from .programs import DATA, PT_SETREGS, TEXT, Start

SYSCALL = "0f05"
INT3 = "cc"
SIGTRAP, SIGBUS = 5, 10
PT_TO_SCE, PT_TO_SCX = 20, 21
PT_GET_SC_ARGS = 27


def mov(register: str, value: int) -> str:
    """mov $value, %register (32 bits, zero-extended)."""
    codes = {"eax": "b8", "ecx": "b9", "edx": "ba", "ebx": "bb", "esi": "be", "edi": "bf",
             "r8d": "41b8", "r9d": "41b9", "r10d": "41ba", "r11d": "41bb"}
    return codes[register] + struct.pack("<I", value).hex()


def test_a_system_call_spoils_what_the_processor_and_sysret_spoil(start: Start) -> None:
    """rcx and r11 by the instruction; r8, r9 and r10 are zeroed on the way back."""
    p = start(mov("eax", 20) + mov("ecx", 1) + mov("r8d", 8) + mov("r9d", 9) + mov("r10d", 10)
              + mov("r11d", 11) + mov("ebx", 7) + mov("edx", 3) + SYSCALL + INT3)
    assert p.stops() == SIGTRAP
    r = p.regs()
    back = r["rip"] - 1
    assert {n: r[n] for n in ("rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11")} == {
        "rax": p.pid, "rbx": 7, "rcx": back, "rdx": 3, "r8": 0, "r9": 0, "r10": 0, "r11": 0x202}


def test_at_entry_the_frame_has_the_fourth_argument_in_rcx(start: Start) -> None:
    """And the debugger that changes it there changes the argument."""
    p = start(mov("eax", 477) + mov("edi", 0) + mov("esi", 4096) + mov("edx", 3)
              + mov("r10d", 0x1002) + "4983c8ff" + mov("r9d", 0) + SYSCALL + INT3)
    assert p.stops(request=PT_TO_SCE) == SIGTRAP
    assert p.regs()["rcx"] == 0x1002
    p.set_regs(rcx=2)          # no longer anonymous: a descriptor that is none
    assert p.stops(request=PT_TO_SCX) == SIGTRAP
    assert p.regs()["rax"] == 9
    assert p.regs()["rflags"] & 1, "carry tells of an error"


def test_registers_that_a_debugger_wrote_are_all_there_after_a_call(start: Start) -> None:
    """PT_SETREGS asks for a full restore: rcx and r8 to r10 stay."""
    p = start(mov("eax", 20) + SYSCALL + INT3)
    p.stops(request=PT_TO_SCE)
    p.set_regs(r8=0x88, r9=0x99)
    p.stops(request=PT_TO_SCX)
    p.write(TEXT + 7, b"\xcc")
    assert p.stops(request=PT_TO_SCX) == SIGTRAP
    r = p.regs()
    assert (r["r8"], r["r9"], r["rax"]) == (0x88, 0x99, p.pid)


@pytest.mark.parametrize("indirect", [0, 198])
def test_syscall_within_a_syscall(start: Start, indirect: int) -> None:
    """syscall(2) and __syscall(2) take the number as first argument; the
    seventh argument comes from the stack, above a return address."""
    p = start(mov("eax", indirect) + mov("edi", 477) + mov("esi", 0) + mov("edx", 4096)
              + mov("r10d", 3) + mov("r8d", 0x1002) + "4183c9ff"   # or $-1, %r9d
              + "6a00" "6a00"                  # push $0; push $0: the offset, a return address
              + SYSCALL + INT3)
    p.stops(request=PT_TO_SCE)
    b = p.kernel.buffer(64)
    p.request(PT_GET_SC_ARGS, b, 64)
    assert struct.unpack("<6Q", b.read(0, 48)) == (0, 4096, 3, 0x1002, 0xFFFFFFFF, 0)
    p.stops()
    p.stops()
    assert not p.regs()["rflags"] & 1
    assert p.regs()["rax"] % 4096 == 0


def test_arguments_on_a_stack_that_is_not_there(start: Start) -> None:
    p = start(mov("eax", 198) + mov("edi", 477) + "31e4" + SYSCALL + INT3)    # xor %esp, %esp
    p.stops()
    assert p.regs()["rax"] == 14
    assert p.regs()["rflags"] & 1


def test_fork_gives_both_sides_their_registers(start: Start) -> None:
    """The child 0 and 1, the parent the pid; neither is spoilt."""
    p = start(mov("eax", 2) + mov("r8d", 0x88) + mov("ebx", 7) + "f9" + SYSCALL    # stc
              + "85c0" "7502"                   # test %eax, %eax; jnz .+2
              + "ebfe"                          # the child spins
              + INT3)
    assert p.stops() == SIGTRAP
    r = p.regs()
    child = p.kernel._system.procs[r["rax"]]
    assert (r["rbx"], r["r8"]) == (7, 0x88)
    context = child.threads[0].context
    assert context is not None
    assert [context.get(n) for n in ("rax", "rdx", "rbx", "r8")] == [0, 1, 7, 0x88]
    assert not context.get("rflags") & 1
    p.kernel.kill(child.pid, 9)


def test_exec_clears_the_registers(start: Start) -> None:
    p = start("ebfe", argv=("a", "b"))
    r = p.regs()
    assert r["rsp"] % 16 == 8
    assert r["rdi"] - r["rsp"] in (0, 8)
    assert {r[n] for n in ("rax", "rbx", "rcx", "rdx", "rsi", "rbp", "r8", "r15")} == {0}
    assert p.word(r["rdi"]) == 2


@pytest.mark.parametrize(
    ("register", "value"),
    [("rip", 1 << 63), ("rip", 1 << 47), ("cs", 0x4B), ("cs", 0x3), ("cs", 0x3B), ("ss", 0),
     ("ss", 0x43), ("ss", 0x53)])
def test_values_that_the_way_back_refuses(start: Start, register: str, value: int) -> None:
    """They are taken by PT_SETREGS, and end in SIGBUS where the program would go on."""
    p = start("ebfe")
    p.set_regs(**{register: value})
    assert p.regs()[register] == value
    assert p.stops() == SIGBUS
    i = p.info()
    assert (i.code, i.trapno, i.address) == (3, 9, p.regs()["rip"])
    assert p.stops() == SIGBUS, "again, as long as it stays so"
    p.set_regs(rip=TEXT, cs=0x43, ss=0x3B)
    p.write(TEXT, b"\xcc")
    assert p.stops() == SIGTRAP


def test_a_bad_segment_base_by_register_set(start: Start) -> None:
    """NT_X86_SEGBASES takes anything; the way back drops it with SIGBUS."""
    p = start("ebfe")
    data = p.kernel.buffer(struct.pack("<QQ", 1 << 63, 0x5000))
    p.request(43, p.kernel.buffer(struct.pack("<QQ", data.address, 16)), 0x200)
    assert p.stops() == SIGBUS
    out = p.kernel.buffer(16)
    p.request(42, p.kernel.buffer(struct.pack("<QQ", out.address, 16)), 0x200)
    assert struct.unpack("<QQ", out.read()) == (0, 0x5000)


def test_flags_of_the_kernel_stay(start: Start) -> None:
    p = start("ebfe")
    for change in (0x3000, 0x20000, 0x80000, 0x100000, 0x200, 0x2, 0x8):
        r = p.regs()
        r["rflags"] ^= change
        with pytest.raises(OSError) as refused:
            p.request(PT_SETREGS, p.kernel.buffer(r.data))
        assert refused.value.errno == 22
    assert p.regs()["rflags"] == 0x202


def test_upper_flags_are_cut(start: Start) -> None:
    p = start("ebfe")
    p.set_regs(rflags=0x12345678_00000203)
    assert p.regs()["rflags"] == 0x203


def test_data_selectors_are_not_set(start: Start) -> None:
    p = start("ebfe")
    p.set_regs(ds=0, es=0, fs=0, gs=0)
    assert [p.regs()[n] for n in ("ds", "es", "fs", "gs")] == [0x3B, 0x3B, 0x13, 0x1B]


def test_a_trap_flag_of_the_program_s_own_stays(start: Start) -> None:
    """Set by PT_SETREGS it is no step: each instruction traps until it goes."""
    p = start("90" * 8 + "ebfe")
    p.set_regs(rflags=0x302)
    for i in range(1, 4):
        assert p.stops() == SIGTRAP
        assert p.regs()["rip"] == TEXT + i
        assert p.regs()["rflags"] & 0x100
    p.set_regs(rflags=0x202)
    p.write(TEXT + 8, b"\xcc")
    p.stops()
    assert p.regs()["rip"] == TEXT + 9


def test_memory_that_only_the_kernel_has(start: Start) -> None:
    p = start("ebfe", b"12345678")
    assert p.read(DATA, 8) == b"12345678"
