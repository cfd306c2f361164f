"""Registers of a thread, by each request that there is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from bsdproc import abi, emulator
from bsdproc.freebsd import Signal, ptrace, wait
from bsdproc.freebsd.constants import MACHINE_REQUESTS, Note
from bsdproc.freebsd.ptrace import Prstatus, SegmentBases, XFeature
from bsdproc.freebsd.ptrace.regset import AddressMask, SveRegisters, decode
from bsdproc.freebsd.registers import (
    GENERAL,
    Amd64DebugRegisters,
    Amd64FpRegisters,
    Amd64Registers,
    DebugAccess,
    I386Registers,
    VfpRegisters,
    VmxRegisters,
    VmxRegistersLe,
    VsxRegisters,
)
from bsdproc.kernel.errors import KernelError, NotSupported, TooOld
from bsdproc.kernel.port import Kernel

from .conftest import Start


def test_general_registers(start: Start) -> None:
    spin = start("spin")
    registers = ptrace.getregs(spin.pid)
    assert isinstance(registers, Amd64Registers)
    assert registers.pc == spin.at("_start")
    assert (registers.cs, registers.ss) == (0x43, 0x3B)
    for number, name in enumerate(("rax", "rbx", "r15"), 1):
        registers[name] = 0x0101010101010101 * number
    ptrace.setregs(spin.pid, registers)
    assert ptrace.getregs(ptrace.lwpinfo(spin.pid).lwpid) == registers


def test_general_registers_refused(start: Start) -> None:
    spin = start("spin")
    registers = cast(Amd64Registers, ptrace.getregs(spin.pid))
    registers.rflags |= 0x3000
    with pytest.raises(KernelError, match=r"PT_SETREGS of \d+: EINVAL"):
        ptrace.setregs(spin.pid, registers)
    with pytest.raises(TypeError, match="takes Amd64Registers, not I386Registers"):
        ptrace.setregs(spin.pid, I386Registers())
    with pytest.raises(TypeError, match="not bytes"):
        ptrace.setregs(spin.pid, bytes(registers))      # type: ignore[arg-type]
    with pytest.raises(TypeError, match="takes Amd64Registers"):
        ptrace.setregs(spin.pid, ptrace.getfpregs(spin.pid))    # type: ignore[arg-type]


def test_floating_registers(start: Start) -> None:
    spin = start("spin")
    registers = ptrace.getfpregs(spin.pid)
    assert isinstance(registers, Amd64FpRegisters)
    assert (registers.fcw, registers.mxcsr) == (0x37F, 0x1F80)
    registers.xmm[3] = 0x112233445566778899AABBCCDDEEFF00
    ptrace.setfpregs(spin.pid, registers)
    again = cast(Amd64FpRegisters, ptrace.getfpregs(spin.pid))
    assert again.xmm[3] == 0x112233445566778899AABBCCDDEEFF00


def test_a_watchpoint(start: Start) -> None:
    spin = start("spin")
    registers = cast(Amd64DebugRegisters, ptrace.getdbregs(spin.pid))
    assert not any(registers.dr[:4])
    registers.set_slot(1, spin.at("counter"), DebugAccess.DBREG_DR7_WRONLY, 8)
    ptrace.setdbregs(spin.pid, registers)
    spin.cont()
    seen = cast(Amd64DebugRegisters, ptrace.getdbregs(spin.pid))
    assert seen.hits == (1,)
    assert spin.number("counter", 8) == 1
    info = ptrace.lwpinfo(spin.pid)
    assert info.siginfo is not None
    assert info.siginfo.signo is Signal.SIGTRAP


def test_debug_registers_refused(start: Start) -> None:
    spin = start("spin")
    registers = Amd64DebugRegisters()
    registers.set_slot(0, 0xFFFFFFFF80000000, DebugAccess.DBREG_DR7_WRONLY, 4)
    with pytest.raises(KernelError, match="PT_SETDBREGS"):
        ptrace.setdbregs(spin.pid, registers)


def test_segment_bases(start: Start) -> None:
    spin = start("spin")
    ptrace.setfsbase(spin.pid, 0x123000)
    ptrace.setgsbase(spin.pid, 0x456000)
    assert ptrace.getfsbase(spin.pid) == 0x123000
    assert ptrace.getgsbase(spin.pid) == 0x456000
    assert ptrace.getregset(spin.pid, Note.NT_X86_SEGBASES) == SegmentBases(0x123000, 0x456000, 8)
    ptrace.setregset(spin.pid, Note.NT_X86_SEGBASES, SegmentBases(0x1000, 0x2000, 8))
    assert ptrace.getfsbase(spin.pid) == 0x1000
    for wrong in (-1, 1 << 64):
        with pytest.raises(ValueError, match="base"):
            ptrace.setfsbase(spin.pid, wrong)


def test_requests_that_the_kernel_is_too_old_for(start: Start) -> None:
    spin = start("spin")
    with pytest.raises(TooOld, match=r"came with FreeBSD 15\.0") as caught:
        ptrace.gettlsbase(spin.pid)
    assert caught.value.request == "PT_GETTLSBASE"
    with pytest.raises(TooOld):
        ptrace.settlsbase(spin.pid, 0)


def test_extended_state(start: Start) -> None:
    spin = start("spin")
    info = ptrace.getxstate_info(spin.pid)
    assert XFeature.X87 | XFeature.SSE in info.mask
    assert info.length >= 576
    state = ptrace.getxstate(spin.pid)
    assert len(state) == info.length
    assert state.fcw == 0x37F
    state.set_xmm(0, 0xABCDEF)
    ptrace.setxstate(spin.pid, state)
    assert cast(Amd64FpRegisters, ptrace.getfpregs(spin.pid)).xmm[0] == 0xABCDEF
    assert ptrace.getxstate(spin.pid).xmm[0] == 0xABCDEF
    with pytest.raises(TypeError):
        ptrace.setxstate(spin.pid, bytes(576))      # type: ignore[arg-type]


def test_register_sets(start: Start) -> None:
    spin = start("spin")
    status = ptrace.getregset(spin.pid, Note.NT_PRSTATUS)
    assert isinstance(status, Prstatus)
    assert (status.version, status.statussz, status.gregsetsz) == (1, 224, 176)
    assert status.pid == ptrace.lwpinfo(spin.pid).lwpid
    assert status.registers == ptrace.getregs(spin.pid)
    assert bytes(status) == ptrace.getregset_bytes(spin.pid, Note.NT_PRSTATUS)
    status.registers.return_value = 0x1234
    ptrace.setregset(spin.pid, Note.NT_PRSTATUS, status)
    assert ptrace.getregs(spin.pid).return_value == 0x1234
    floats = ptrace.getregset(spin.pid, Note.NT_FPREGSET)
    assert floats == ptrace.getfpregs(spin.pid)
    ptrace.setregset(spin.pid, Note.NT_FPREGSET, floats)
    assert ptrace.getregset(spin.pid, Note.NT_THRMISC) == "spin"
    assert ptrace.getregset_size(spin.pid, Note.NT_THRMISC) == 24


def test_register_sets_refused(start: Start) -> None:
    spin = start("spin")
    with pytest.raises(KernelError, match=r"PT_GETREGSET.*EINVAL"):
        ptrace.getregset(spin.pid, 0x7777)
    with pytest.raises(KernelError, match=r"PT_SETREGSET.*EINVAL"):
        ptrace.setregset(spin.pid, Note.NT_PRSTATUS, bytes(223))
    with pytest.raises(NotSupported, match=r"NT_ARM_TLS.*amd64 has no such register set"):
        ptrace.getregset(spin.pid, Note.NT_ARM_TLS)
    with pytest.raises(NotSupported):
        ptrace.setregset(spin.pid, Note.NT_PPC_VMX, bytes(528))


# -- other machines ----------------------------------------------------------------------


class Silent:
    """A kernel of another machine that must not be asked anything."""

    system = "freebsd"
    release = "14.0-RELEASE"
    version = 1400097

    def __init__(self, machine: str) -> None:
        self.machine = machine
        self.target = abi.target("freebsd", machine)

    def buffer(self, contents: object) -> object:
        return contents

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"{name} was called")


class Lent:
    """Memory that a kernel lent, by a made-up address."""

    def __init__(self, contents: bytes, address: int) -> None:
        self.contents = contents
        self.address = address

    def __len__(self) -> int:
        return len(self.contents)

    def read(self, offset: int = 0, size: int | None = None) -> bytes:
        return self.contents[offset:][:size]


class Taking(Silent):
    """A kernel of another machine that takes register sets: (request, pid, note, bytes)."""

    def __init__(self, machine: str) -> None:
        super().__init__(machine)
        self.lent: dict[int, Lent] = {}
        self.taken: list[tuple[str, int, int, bytes]] = []

    def buffer(self, contents: object) -> Lent:
        assert isinstance(contents, bytes)
        address = 0x1000 * (len(self.lent) + 1)
        return self.lent.setdefault(address, Lent(contents, address))

    def ptrace(self, request: int, pid: int, addr: Lent, data: int) -> int:
        base, length = self.target.struct("struct iovec").reader("iov_base", "iov_len")(
            addr.contents, 0)
        (name,) = (name for name in ("PT_GETREGSET", "PT_SETREGSET")
                   if self.target.constants[name] == request)
        self.taken.append((name, pid, data, self.lent[base].contents[:length]))
        return 0


def silent(machine: str) -> Kernel:
    return cast(Kernel, Silent(machine))


def machine_calls() -> dict[str, Callable[[Kernel], object]]:
    def getter(name: str) -> Callable[[Kernel], object]:
        return lambda kernel: getattr(ptrace, name)(1, kernel=kernel)

    found = {f"PT_{name.upper()}": getter(name) for name in dir(ptrace)
             if name.startswith("get") and hasattr(ptrace, name.replace("get", "set", 1))}
    found["PT_GETXSTATE_INFO"] = getter("getxstate_info")
    return found


OWN = {request.name for kinds in MACHINE_REQUESTS.values() for kind in kinds for request in kind}


@pytest.mark.parametrize("machine", GENERAL)
def test_another_machines_requests_are_refused_before_the_call(machine: str) -> None:
    has = {request.name for kind in MACHINE_REQUESTS[machine] for request in kind}
    calls = machine_calls()
    tried = 0
    for name in sorted(OWN - has):
        if name.startswith("PT_GET"):
            with pytest.raises(NotSupported, match=f"{machine} has no such request"):
                calls[name](silent(machine))
            tried += 1
    assert tried >= 4
    if "PT_SETVFPREGS" not in has:
        with pytest.raises(NotSupported):
            ptrace.setvfpregs(1, VfpRegisters(), kernel=silent(machine))
    if "PT_SETVRREGS" in has:
        with pytest.raises(TypeError, match="takes VmxRegisters"):
            ptrace.setvrregs(1, cast(VmxRegisters, VsxRegisters()), kernel=silent(machine))


def test_values_of_another_machine_are_refused_before_the_call() -> None:
    with pytest.raises(TypeError, match="VmxRegistersLe"):
        ptrace.setvrregs(1, VmxRegisters(), kernel=silent("powerpc64le"))
    with pytest.raises(TypeError, match="VmxRegisters,"):
        ptrace.setvrregs(1, VmxRegistersLe().copy(), kernel=silent("powerpc64"))
    with pytest.raises(TypeError, match="Arm64Registers"):
        ptrace.setregs(1, Amd64Registers(), kernel=silent("arm64"))


def test_sets_of_other_machines_decode() -> None:
    arm64, arm, power = silent("arm64"), silent("arm"), silent("powerpc64")
    tls = (0x1000).to_bytes(8, "little") + (0x2000).to_bytes(8, "little")
    assert decode(arm64, Note.NT_ARM_TLS, tls) == (0x1000, 0x2000)
    assert decode(arm, Note.NT_ARM_TLS, tls[:4]) == (0x1000,)
    assert decode(arm64, Note.NT_ARM_ADDR_MASK, tls) == AddressMask(0x1000, 0x2000)
    assert bytes(AddressMask(0x1000, 0x2000)) == tls
    head = bytes.fromhex("1400 0000 0002 0000 1000 2000 0100 0000") + b"regs"
    sve = decode(arm64, Note.NT_ARM_SVE, head)
    assert sve == SveRegisters(20, 512, 16, 32, 1, b"regs")
    assert bytes(cast(SveRegisters, sve)) == head
    assert isinstance(decode(arm, Note.NT_ARM_VFP, bytes(264)), VfpRegisters)
    vmx = decode(power, Note.NT_PPC_VMX, bytes(15) + b"\1" + bytes(512))
    assert isinstance(vmx, VmxRegisters)
    assert vmx.vr[0] == 1
    assert isinstance(decode(power, Note.NT_PPC_VSX, bytes(256)), VsxRegisters)
    assert decode(arm64, 0x7777, b"?") == b"?"
    for note, size in ((Note.NT_ARM_ADDR_MASK, 15), (Note.NT_ARM_SVE, 15),
                       (Note.NT_PRSTATUS, 100), (Note.NT_FPREGSET, 1), (Note.NT_THRMISC, 3)):
        with pytest.raises(ValueError, match="bytes"):
            decode(arm64, note, bytes(size))


@pytest.mark.parametrize(("machine", "expected"), [
    ("arm64", "0010000000000000 ffffffffffffffff"), ("arm", "00100000 ffffffff")])
def test_thread_pointers_are_set_as_words(machine: str, expected: str) -> None:
    """NT_ARM_TLS takes what getregset gives for it: a tuple, each a word of the machine's."""
    kernel = Taking(machine)
    top = (1 << 8 * kernel.target.pointer) - 1
    ptrace.setregset(7, Note.NT_ARM_TLS, (0x1000, top), kernel=cast(Kernel, kernel))
    assert kernel.taken == [
        ("PT_SETREGSET", 7, Note.NT_ARM_TLS.value, bytes.fromhex(expected))]
    for wrong in ((-1,), (top + 1,)):
        with pytest.raises(ValueError, match=r"register must be"):
            ptrace.setregset(7, Note.NT_ARM_TLS, wrong, kernel=silent(machine))
    with pytest.raises(TypeError, match="register must be an int"):
        ptrace.setregset(7, Note.NT_ARM_TLS, ("1",), kernel=silent(machine))  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [4711, 1.5, None, [1, 2], object()])
def test_what_is_no_register_set_is_no_bytes_either(wrong: object) -> None:
    """bytes(4711) would be so many zeros, and bytes([1, 2]) two registers' worth of nothing."""
    with pytest.raises(TypeError, match=f"not be a {type(wrong).__name__}"):
        ptrace.setregset(7, Note.NT_PRSTATUS, cast(bytes, wrong), kernel=silent("amd64"))


def test_register_sets_go_in_as_they_come(start: Start) -> None:
    """bytes, a bytearray and a memoryview are the same set; the thread's name is refused."""
    spin = start("spin")
    data = ptrace.getregset_bytes(spin.pid, Note.NT_FPREGSET)
    for value in (data, bytearray(data), memoryview(data)):
        ptrace.setregset(spin.pid, Note.NT_FPREGSET, value)
        assert ptrace.getregset_bytes(spin.pid, Note.NT_FPREGSET) == data
    kernel = Taking("amd64")
    ptrace.setregset(7, Note.NT_THRMISC, "name", kernel=cast(Kernel, kernel))
    assert kernel.taken[0][3] == b"name"
    with pytest.raises(KernelError, match="PT_SETREGSET"):
        ptrace.setregset(spin.pid, Note.NT_THRMISC, "name")


@pytest.mark.parametrize("machine", GENERAL)
def test_prstatus_there_and_back(machine: str) -> None:
    layout = abi.target("freebsd", machine).struct("struct prstatus")
    registers = GENERAL[machine]()
    registers.pc = 0x4000
    made = Prstatus(1, layout.size, registers.size, 0, 1400097, 5, 100077, registers)
    data = bytes(made)
    assert len(data) == layout.size
    assert Prstatus.decode(machine, data) == made
    assert layout.get(data, "pr_cursig") == 5


def test_another_systems_kernel_is_refused() -> None:
    class NetBSD(Silent):
        system = "netbsd"

    with pytest.raises(NotSupported, match="this kernel is a netbsd one"):
        ptrace.getregs(1, kernel=cast(Kernel, NetBSD("amd64")))


@pytest.mark.emulated
def test_the_kernel_that_is_passed_is_the_one_asked(tracee: Callable[[str], str]) -> None:
    """Two kernels at once, neither the default one."""
    path = tracee("spin")
    data = Path(path).read_bytes()
    with emulator.FreeBSD() as one, emulator.FreeBSD() as two:
        pids = []
        for kernel in (one, two):
            kernel.install("/spin", data)
            pid = kernel.spawn("/spin", ["/spin"], traced=True)
            wait(pid, kernel=kernel)
            pids.append(pid)
        registers = ptrace.getregs(pids[0], kernel=one)
        registers.return_value = 77
        ptrace.setregs(pids[0], registers, kernel=one)
        assert ptrace.getregs(pids[0], kernel=one).return_value == 77
        assert ptrace.getregs(pids[1], kernel=two).return_value == 0
