"""i386 programs under the amd64 kernel, as a 64-bit debugger sees them."""

from __future__ import annotations

import io
import struct

import pytest
from elftools.elf.elffile import ELFFile

from bsdproc.emulator.freebsd.amd64 import stack
from bsdproc.emulator.freebsd.ia32 import signal, vdso

from .programs import DATA, PT_STEP, TEXT, Running, Start

INT80 = "cd80"
SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSEGV, SIGUSR1 = 4, 5, 8, 10, 11, 30
PT_TO_SCE, PT_TO_SCX, PT_GET_SC_ARGS, PT_COREDUMP, PT_SC_REMOTE = 20, 21, 27, 29, 44
PT_GETFPREGS, PT_SETDBREGS, PT_GETREGSET, PT_SETREGSET = 35, 38, 42, 43


def push(value: int) -> str:
    return "68" + struct.pack("<I", value & 0xFFFFFFFF).hex()


def call(number: int, *args: int) -> str:
    """A system call as C makes it: arguments on the stack, above a return address."""
    code = "".join(push(a) for a in reversed(args)) + push(0)
    code += "b8" + struct.pack("<I", number).hex() + INT80
    return code + "83c4" + struct.pack("<B", 4 * (len(args) + 1)).hex()    # add $.., %esp


def narrow(start: Start, code: str, data: bytes = b"", **options: tuple[str, ...]) -> Running:
    return start(code, data, narrow=True, **options)


def test_at_exec(start: Start) -> None:
    p = narrow(start, "cc", argv=("one", "two"))
    r = p.regs()
    assert (r["cs"], r["ss"], r["ds"], r["es"], r["fs"], r["gs"]) == (
        0x33, 0x3B, 0x3B, 0x3B, 0x13, 0x1B)
    assert r["rbx"] == p.proc.ps_strings == 0xFFFFE000 - 16
    assert {r[n] for n in ("rax", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r15")} == {0}
    assert struct.unpack("<I", p.read(r["rsp"], 4)) == (2,)
    assert p.proc.sysent == "FreeBSD ELF32"
    b = p.kernel.buffer(512)
    p.request(PT_GETFPREGS, b)
    assert b.read(0, 2) == b"\x7f\x12", "its x87 rounds to 53 bits"


def test_what_it_finds_on_its_stack(start: Start) -> None:
    p = narrow(start, "cc", argv=("one", "two"))
    at = p.regs()["rsp"]
    words = struct.unpack("<160I", p.read(at, 640))
    assert words[0] == 2
    assert [p.read(w, 4) for w in words[1:3]] == [b"one\0", b"two\0"]
    assert words[3] == words[4] == 0
    auxv = {}
    for i in range(5, 100, 2):
        auxv[words[i]] = words[i + 1]
        if words[i] == stack.AT_NULL:
            break
    assert {k: auxv[k] for k in (stack.AT_ENTRY, stack.AT_PHENT, stack.AT_ARGC,
                                 stack.AT_USRSTACKBASE, stack.AT_USRSTACKLIM)} == {
        stack.AT_ENTRY: TEXT, stack.AT_PHENT: 32, stack.AT_ARGC: 2,
        stack.AT_USRSTACKBASE: vdso.USRSTACK, stack.AT_USRSTACKLIM: 64 << 20}
    assert p.read(auxv[stack.AT_EXECPATH], 14) == b"/bin/program1\0"
    ps = struct.unpack("<4I", p.read(auxv[stack.AT_PS_STRINGS], 16))
    assert ps == (auxv[stack.AT_ARGV], 2, auxv[stack.AT_ENVV], 0)
    assert len(p.proc.auxv) == 8 * len(auxv)


def test_a_system_call_spoils_nothing(start: Start) -> None:
    p = narrow(start, "b914000000" "bb07000000" + call(20) + "cc")
    assert p.stops() == SIGTRAP
    r = p.regs()
    assert (r["rax"], r["rcx"], r["rbx"]) == (p.pid, 0x14, 7)


def test_64_bit_arguments_and_results(start: Start) -> None:
    """lseek(open("/big", RDWR|CREAT), 0x123456789, SEEK_SET); mmap of seven words."""
    p = narrow(start, call(5, DATA, 0x202, 0o600) + "89c3"            # mov %eax, %ebx
               + push(0) + push(1) + push(0x23456789) + "53" + push(0)
               + "b8de010000" + INT80 + "cc"
               + call(477, 0, 4096, 3, 0x1002, -1, 0, 0) + "cc", b"/big\0")
    assert p.stops() == SIGTRAP
    r = p.regs()
    assert (r["rdx"], r["rax"], r["rflags"] & 1) == (1, 0x23456789, 0)
    assert p.stops() == SIGTRAP
    assert 0x1000 <= p.regs()["rax"] < vdso.SHARED_PAGE


@pytest.mark.parametrize("number", [0, 198])
def test_syscall_within_a_syscall(start: Start, number: int) -> None:
    args = (37, 0, 0) if number == 0 else (37, 0, 0, 0)
    p = narrow(start, call(number, *args) + "cc")
    p.stops(request=PT_TO_SCE)
    b = p.kernel.buffer(16)
    p.request(PT_GET_SC_ARGS, b, 16)
    assert b.read() == bytes(16)
    assert p.thread.sc_code == 37
    assert p.thread.sc_narg == 2


def test_an_error_sets_carry(start: Start) -> None:
    p = narrow(start, call(6, 77) + "0f92c3" "cc")          # close(77); setb %bl (add cleared it)
    p.stops(request=PT_TO_SCX)
    r = p.regs()
    assert (r["rax"], r["rflags"] & 1) == (9, 1)


def test_a_step_over_a_system_call(start: Start) -> None:
    p = narrow(start, "b814000000" + INT80 + "90cc")
    p.stops(request=PT_STEP)
    p.stops(request=PT_STEP)
    i = p.info()
    assert (i.code, i.trapno, i.address) == (2, 0, TEXT + 7)
    assert p.regs()["rax"] == p.pid
    p.stops(request=PT_STEP)
    assert p.regs()["rip"] == TEXT + 8


@pytest.mark.parametrize(
    ("code", "expected", "si_code", "trapno", "offset"),
    [("cc", SIGTRAP, 1, 3, 1), ("0f0b", SIGILL, 5, 1, 0), ("f4", SIGBUS, 3, 9, 0),
     ("0f05", SIGILL, 5, 1, 0), ("31c931d2f7f1", SIGFPE, 2, 18, 4),
     ("a100100000", SIGSEGV, 1, 12, 0), ("c605" "00104000" "aa", SIGSEGV, 2, 12, 0),
     ("ff25" "00204000", SIGSEGV, 1, 12, -TEXT)])
def test_exceptions(start: Start, code: str, expected: int, si_code: int, trapno: int,
                    offset: int) -> None:
    p = narrow(start, code)
    assert p.stops() == expected
    i = p.info()
    assert (i.code, i.trapno, p.regs()["rip"]) == (si_code, trapno, TEXT + offset)


def test_fork(start: Start) -> None:
    p = narrow(start, call(2) + "85c0" "7502" "ebfe" "cc")
    assert p.stops() == SIGTRAP
    child = p.kernel._system.procs[p.regs()["rax"]]
    assert child.sysent == "FreeBSD ELF32"
    p.kernel.settle(0.001)
    context = child.threads[0].context
    assert context is not None
    assert context.get("cs") == 0x33
    assert context.get("rax") == 0
    p.kernel.kill(child.pid, 9)


HANDLER = TEXT + 0x40


def with_handler(start: Start, flags: int) -> Running:
    """sigaction(SIGUSR1, DATA, 0); int3; nop; int3, and a handler that traps."""
    code = bytes.fromhex(call(416, SIGUSR1, DATA, 0) + "cc90cc").ljust(0x40, b"\x90")
    p = start(code + b"\xcc\xc3", struct.pack("<Ii16s", HANDLER, flags, bytes(16)), narrow=True)
    assert p.stops() == SIGTRAP
    p.set_regs(rax=1, rbx=2, rcx=3, rdx=4, rsi=5, rdi=6, rbp=7)
    p.kernel.kill(p.pid, SIGUSR1)
    assert p.stops() == SIGUSR1
    assert p.stops(SIGUSR1) == SIGTRAP
    assert p.regs()["rip"] == HANDLER + 1
    return p


@pytest.mark.parametrize("info", [False, True])
def test_a_handler_s_frame(start: Start, info: bool) -> None:
    p = with_handler(start, 0x40 if info else 0)
    r = p.regs()
    frame = r["rsp"] + 4
    assert frame % 16 == 0
    back, signo, second, uc, address, handler = struct.unpack("<6I", p.read(r["rsp"], 24))
    low, high = vdso.SIGTRAMP_RANGE
    assert low < back < high
    assert (signo, uc, address, handler) == (SIGUSR1, frame + signal.SF_UC, 0, HANDLER)
    if info:
        assert second == frame + signal.SF_SI
        told = signal.SIGINFO.unpack(p.read(second, 64))
        assert (told[0], told[2], told[3]) == (SIGUSR1, 0x10001, p.kernel.getpid())
    else:
        assert second == 0x10001
    words = signal.MCONTEXT.unpack(p.read(uc + signal.UC_MCONTEXT, signal.MCONTEXT.size))
    (_, gs, fs, es, ds, edi, esi, ebp, _, ebx, edx, ecx, eax, *_) = words
    assert (edi, esi, ebp, ebx, edx, ecx, eax) == (6, 5, 7, 2, 4, 3, 1)
    assert (gs, fs, es, ds) == (0x1B, 0x13, 0x3B, 0x3B)
    assert words[16] == 0x33
    assert words[20] == 640
    p.set_regs(rax=99, rbx=99)
    assert p.stops() == SIGTRAP
    r = p.regs()
    assert [r[n] for n in ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp")] == list(range(1, 8))
    assert p.thread.sigmask == set()


@pytest.mark.parametrize(("word", "value", "error"), [(17, 0x3202, 22), (21, 7, 22)])
def test_contexts_that_sigreturn_refuses(start: Start, word: int, value: int,
                                         error: int) -> None:
    p = with_handler(start, 0)
    uc = p.regs()["rsp"] + 4 + signal.SF_UC
    p.write(uc + signal.UC_MCONTEXT + 4 * word, struct.pack("<I", value))
    assert p.stops(request=PT_TO_SCX) == SIGTRAP
    r = p.regs()
    assert (r["rax"], r["rflags"] & 1) == (error, 1)


def test_a_thread_and_its_storage(start: Start) -> None:
    """thr_new with a stack, an argument and a gs base of its own."""
    entry = TEXT + 0x60
    code = bytes.fromhex(call(455, DATA, 52) + "ebfe").ljust(0x60, b"\x90")
    # mov 4(%esp), %eax; mov %gs:0, %ecx; int3
    code += bytes.fromhex("8b442404" "658b0d00000000" "cc")
    param = struct.pack("<8IiI3I", entry, 77, DATA + 0x1000, 0x800, DATA + 0x100, 0,
                        DATA + 0x200, 0, 0, 0, 0, 0, 0)
    p = start(code, param.ljust(0x100, b"\0") + b"\x55\0\0\0", narrow=True)
    assert p.stops() == SIGTRAP
    r = p.regs()
    assert (r["rip"], r["rax"], r["rcx"]) == (entry + 12, 77, 0x55)
    assert struct.unpack("<I", p.read(DATA + 0x200, 4))[0] == p.proc.threads[1].tid


def test_sysarch(start: Start) -> None:
    """I386_SET_GSBASE and I386_GET_GSBASE."""
    p = narrow(start, call(165, 10, DATA) + call(165, 9, DATA + 4) + "cc",
               struct.pack("<I", 0x12345000))
    p.stops()
    assert p.read(DATA + 4, 4) == struct.pack("<I", 0x12345000)


def test_times_are_narrow(start: Start) -> None:
    """nanosleep of two seconds."""
    p = narrow(start, call(240, DATA, 0) + "cc", struct.pack("<ii", 2, 5))
    before = p.kernel.clock
    assert p.stops() == SIGTRAP
    assert p.regs()["rax"] == 0
    assert p.kernel.clock - before >= 2 * 10**9


def test_execve_across_the_widths(start: Start) -> None:
    """An i386 program execs an amd64 one, with vectors of 32-bit pointers."""
    wide = start("cc")
    vector = struct.pack("<III", DATA + 0x20, DATA + 0x20, 0)
    p = narrow(start, call(59, DATA + 0x20, DATA, 0), vector.ljust(0x20, b"\0")
               + b"/bin/program1\0")
    assert p.stops() == SIGTRAP
    assert p.proc.sysent == "FreeBSD ELF64"
    assert p.regs()["cs"] == 0x43
    assert p.word(p.regs()["rdi"]) == 2
    assert p.stops() == SIGTRAP
    assert p.regs()["rip"] == TEXT + 1
    assert wide.proc.sysent == "FreeBSD ELF64"


def test_an_amd64_program_may_use_the_gate(start: Start) -> None:
    """With amd64's arguments, and nothing spoilt."""
    p = start("b814000000" "b907000000" "41b808000000" + INT80 + "cc")
    assert p.stops() == SIGTRAP
    r = p.regs()
    assert (r["rax"], r["rcx"], r["r8"]) == (p.pid, 7, 8)


def test_register_sets_are_the_program_s(start: Start) -> None:
    p = narrow(start, "cc")
    p.stops()
    out = p.kernel.buffer(256)
    sizes = {}
    for note in (1, 2, 7, 17, 0x200):
        vec = p.kernel.buffer(struct.pack("<QQ", 0, 0))
        p.request(PT_GETREGSET, vec, note)
        sizes[note] = struct.unpack_from("<Q", vec.read(), 8)[0]
        p.request(PT_GETREGSET, p.kernel.buffer(struct.pack("<QQ", out.address, sizes[note])), note)
    assert sizes == {1: 104, 2: 176, 7: 24, 17: 144, 0x200: 8}
    p.request(PT_GETREGSET, p.kernel.buffer(struct.pack("<QQ", out.address, 104)), 1)
    version, size, gregs, fpregs, _, signo, tid = struct.unpack_from("<iIIIiii", out.read())
    assert (version, size, gregs, fpregs, signo, tid) == (1, 104, 76, 176, 5, p.thread.tid)
    registers = list(struct.unpack_from("<19I", out.read(), 28))
    assert (registers[13], registers[14], registers[0], registers[18]) == (
        TEXT + 1, 0x33, 0x13, 0x1B)
    registers[10] = 0x1234
    out.write(struct.pack("<19I", *registers), 28)
    p.request(PT_SETREGSET, p.kernel.buffer(struct.pack("<QQ", out.address, 104)), 1)
    assert p.regs()["rax"] == 0x1234


def test_x87_registers_as_i386_has_them(start: Start) -> None:
    """fld1; fldz: two numbers on the stack, the tags of one and of zero."""
    p = narrow(start, "d9e8" "d9ee" "cc")
    p.stops()
    out = p.kernel.buffer(176)
    vec = struct.pack("<QQ", out.address, 176)
    p.request(PT_GETREGSET, p.kernel.buffer(vec), 2)
    data = out.read()
    control, status, tags = struct.unpack_from("<HxxHxxH", data)
    assert (control, status >> 11 & 7) == (0x127F, 6)
    assert tags == 0x1FFF, "7 holds a number, 6 zero"
    assert data[28:38] == bytes(10)
    assert data[38:48] == bytes(7) + b"\x80\xff\x3f"
    p.request(PT_SETREGSET, p.kernel.buffer(vec), 2)
    again = p.kernel.buffer(176)
    p.request(PT_GETREGSET, p.kernel.buffer(struct.pack("<QQ", again.address, 176)), 2)
    assert again.read() == data


def test_eight_byte_watchpoints_are_refused(start: Start) -> None:
    p = narrow(start, "cc")
    words = [DATA, 0, 0, 0, 0, 0, 0, 1 | (1 | 2 << 2) << 16, *[0] * 8]
    with pytest.raises(OSError) as refused:
        p.request(PT_SETDBREGS, p.kernel.buffer(struct.pack("<16Q", *words)))
    assert refused.value.errno == 22


def test_a_remote_system_call(start: Start) -> None:
    p = narrow(start, "cc")
    b = p.kernel.buffer(struct.pack("<qqi4xIIQ", 0, 0, 0, 20, 0, 0))
    p.request(PT_SC_REMOTE, b, 40)
    assert p.wait() == 0x57F
    assert struct.unpack_from("<q", b.read()) == (p.pid,)


def test_core(start: Start) -> None:
    p = narrow(start, "cc", b"initial", argv=("program", "x"))
    p.stops()
    fd = p.kernel.open("/tmp/core", 0x602, 0o600)
    p.request(PT_COREDUMP, p.kernel.buffer(struct.pack("<iIq", fd, 0, 0)), 16)
    p.kernel.close(fd)
    p.wait()
    fd = p.kernel.open("/tmp/core", 0)
    core = p.kernel.pread(fd, 1 << 28, 0)
    file = ELFFile(io.BytesIO(core))
    assert (file.elfclass, file.header.e_machine, file.header.e_type) == (32, "EM_386", "ET_CORE")
    loads = {s.header.p_vaddr: s for s in file.iter_segments() if s.header.p_type == "PT_LOAD"}
    assert loads[DATA].data().startswith(b"initial")
    assert loads[DATA].header.p_flags == 6
    data = next(s.data() for s in file.iter_segments() if s.header.p_type == "PT_NOTE")
    found, at = [], 0
    while at < len(data):
        namesz, size, kind = struct.unpack_from("<III", data, at)
        at += 12 + namesz
        found.append((kind, data[at:at + size]))
        at += size + 3 & ~3
    assert [kind for kind, _ in found] == [
        3, 1, 2, 7, 17, 0x200, 0x200, 0x202, *range(8, 17)]
    notes = dict(found)
    assert len(notes[3]) == 112
    assert struct.unpack_from("<19I", notes[1], 28)[13] == TEXT + 1
    assert struct.unpack_from("<i", notes[8]) == (768,)
    assert len(notes[8]) == 4 + 768
    assert notes[15] == struct.pack("<iI", 4, p.proc.ps_strings)
    assert notes[16][:4] == struct.pack("<i", 8)


def test_kevent(start: Start) -> None:
    """Its structure is i386's, which packs 64-bit words."""
    form = struct.Struct("<IhHIqI4Q")
    changes = form.pack(5, -11, 1, 0, 0, 9, 0, 0, 0, 0) + form.pack(
        5, -11, 0, 0x01000000, -4, 0xFFFFFFF0, 1, 2, 3, 4)
    code = call(362) + call(560, 3, DATA, 2, DATA + 256, 1, 0) + "cc"
    p = narrow(start, code, changes)
    assert p.stops() == SIGTRAP
    assert p.regs()["rax"] == 1
    assert form.unpack(p.read(DATA + 256, form.size)) == (
        5, -11, 0, 0, -4, 0xFFFFFFF0, 0, 0, 0, 0)
