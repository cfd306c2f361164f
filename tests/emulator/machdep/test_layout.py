"""What the emulated kernel writes into programs lies where FreeBSD's headers
say, as a compiler with these headers measures it."""

from __future__ import annotations

import struct

import pytest
from tests.headers import measure

from bsdproc.emulator.bsd import signo
from bsdproc.emulator.bsd.amd64 import debug, fpu, frame, regs, trapno
from bsdproc.emulator.bsd.state import KSigInfo, Thread
from bsdproc.emulator.freebsd import coredump
from bsdproc.emulator.freebsd.amd64 import regset, request, signal, stack, vdso
from bsdproc.emulator.machine.cpu import Context

from .programs import Bare

pytestmark = pytest.mark.toolchain

HEADERS = """
#include <sys/types.h>
#include <sys/param.h>
#include <signal.h>
#include <stddef.h>
#include <sys/elf.h>
#include <sys/exec.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/ucontext.h>
#include <sys/vdso.h>
#include <machine/frame.h>
#include <machine/psl.h>
#include <machine/reg.h>
#include <machine/segments.h>
#include <machine/sigframe.h>
#include <machine/trap.h>
"""


# The headers are FreeBSD 14's: it has more auxiliary entries (AT_COUNT) and no
# PT_GETXSTATE_OLD any more.
CONSTANTS = {
    **{f"{name}": getattr(trapno, name) for name in dir(trapno) if name.startswith("T_")},
    **{name: getattr(trapno, name) for name in dir(trapno)
       if name.startswith(("ILL_", "BUS_", "SEGV_", "FPE_", "TRAP_"))},
    **{name: getattr(signo, name) for name in dir(signo)
       if name.startswith("SIG") and name not in ("SIG_MAX", "SIG_DFL", "SIG_IGN")},
    **{name: getattr(request, name) for name in dir(request)
       if name.startswith("PT_") and not name.endswith("_OLD")},
    **{name: getattr(regset, name) for name in dir(regset)
       if name.startswith(("NT_PR", "NT_FP", "NT_THR", "NT_PTL"))},
    **{name: getattr(coredump, name) for name in dir(coredump)
       if name.startswith(("NT_", "PC_"))},
    **{name: getattr(stack, name) for name in dir(stack)
       if name.startswith("AT_") and name != "AT_COUNT"},
    "ELF_BSDF_SIGFASTBLK": stack.ELF_BSDF_SIGFASTBLK,
    "PSL_USERCHANGE": frame.PSL_USERCHANGE,
    "PSL_C": frame.PSL_C,
    "PSL_T": frame.PSL_T,
    "PSL_D": frame.PSL_D,
    "PSL_USER": frame.PSL_USER,
    "GSEL(GUCODE_SEL, SEL_UPL)": frame.UCODE,
    "GSEL(GUCODE32_SEL, SEL_UPL)": frame.UCODE32,
    "GSEL(GUDATA_SEL, SEL_UPL)": frame.UDATA,
    "GSEL(GUFS32_SEL, SEL_UPL)": frame.UFS,
    "GSEL(GUGS32_SEL, SEL_UPL)": frame.UGS,
    "DBREG_DR6_RESERVED1": debug.DR6_ONES,
    "DBREG_DR6_BS": debug.DR6_BS,
    "DBREG_DR7_RESERVED1": debug.DR7_ONE,
    "_MC_HASSEGS": frame.HASSEGS,
    "_MC_HASBASES": signal.MC_HASBASES,
    "_MC_HASFPXSTATE": signal.MC_HASFPXSTATE,
    "_MC_FPFMT_XMM": signal.MC_FPFMT_XMM,
    "_MC_FPFMT_NODEV": signal.MC_FPFMT_NODEV,
    "_MC_FPOWNED_NONE": fpu.MC_FPOWNED_NONE,
    "_MC_FPOWNED_FPU": fpu.MC_FPOWNED_FPU,
    "_MC_FPOWNED_PCB": fpu.MC_FPOWNED_PCB,
    "SYS_sigreturn": struct.unpack_from("<I", vdso.SIGTRAMP, 13)[0],
    "SYS_syscall": regs.SYS_SYSCALL,
    "SYS___syscall": regs.SYS___SYSCALL,
    "VDSO_TK_VER_CURR": vdso.VDSO_TK_VER_CURR,
    "sizeof(struct vdso_timekeep)": vdso.VDSO_TIMEKEEP.size,
    "sizeof(struct reg)": regs.REG.size,
    "sizeof(struct fpreg)": fpu.SAVEFPU,
    "sizeof(struct dbreg)": debug.DBREG.size,
    "sizeof(mcontext_t)": signal.MCONTEXT.size,
    "sizeof(ucontext_t)": signal.UCONTEXT_SIZE,
    "sizeof(struct sigframe)": signal.SIGFRAME_SIZE,
    "sizeof(siginfo_t)": signal.SIGINFO.size,
    "sizeof(stack_t)": signal.STACK.size,
    "offsetof(struct sigframe, sf_uc)": signal.SF_UC,
    "offsetof(struct sigframe, sf_si)": signal.SF_SI,
    "offsetof(ucontext_t, uc_mcontext)": signal.UC_MCONTEXT,
    "offsetof(ucontext_t, uc_stack)": signal.UC_STACK,
    "sizeof(prstatus_t)": regset.PRSTATUS.size + regs.REG.size,
    "offsetof(prstatus_t, pr_reg)": regset.PRSTATUS.size,
    "sizeof(prpsinfo_t)": coredump.ELF64.prpsinfo.size,
    "offsetof(prpsinfo_t, pr_pid)": coredump.ELF64.prpsinfo.size - 4,
    "offsetof(prpsinfo_t, pr_psargs)": 16 + 17,
    "sizeof(thrmisc_t)": regset.THRMISC.size,
    "sizeof(struct ptrace_lwpinfo)": regset.LWPINFO.size,
    "sizeof(struct ptrace_xstate_info)": request.XSTATE_INFO.size,
    "sizeof(struct ps_strings)": stack.PS_STRINGS[64].size,
    "offsetof(struct ps_strings, ps_envstr)": 16,
    "MAXCOMLEN": 19,
}

MCONTEXT_WORDS = (
    "onstack", "rdi", "rsi", "rdx", "rcx", "r8", "r9", "rax", "rbx", "rbp", "r10", "r11", "r12",
    "r13", "r14", "r15", "trapno", "fs", "gs", "addr", "flags", "es", "ds", "err", "rip", "cs",
    "rflags", "rsp", "ss", "len", "fpformat", "ownedfp", "fpstate", "fsbase", "gsbase",
    "xfpustate", "xfpustate_len",
)  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    wanted = [
        *CONSTANTS,
        *(f"offsetof(mcontext_t, mc_{n})" for n in MCONTEXT_WORDS),
        *(f"sizeof(((mcontext_t *)0)->mc_{n})" for n in MCONTEXT_WORDS),
        *(f"offsetof(struct trapframe, tf_{n})" for n in MCONTEXT_WORDS[1:29]),
    ]
    return measure(tmp_path_factory.mktemp("probe"), HEADERS, wanted)


def test_constants(measured: dict[str, int]) -> None:
    found = {name: measured[name] for name in CONSTANTS}
    assert found == CONSTANTS


def test_the_trap_frame_is_part_of_the_machine_context(measured: dict[str, int]) -> None:
    for name in MCONTEXT_WORDS[1:29]:
        assert measured[f"offsetof(struct trapframe, tf_{name})"] + 8 == measured[
            f"offsetof(mcontext_t, mc_{name})"]


def test_machine_context(measured: dict[str, int]) -> None:
    """Each register that differs from all others shows where the header has it."""
    td = thread()
    context = frame.context_of(td)
    names = [*MCONTEXT_WORDS[1:16], "rip", "rsp"]
    for i, name in enumerate(names):
        context.set(name, 0x0101010101010101 * (i + 1))
    context.set("fs_base", 0x1234567000)
    context.set("gs_base", 0x7654321000)
    f = frame.frame_of(td)
    f.trapno, f.err, f.addr = 12, 7, 0xABCDEF
    data = signal.mcontext(td, on_stack=True, flags=5, xstate=0x7000, xstate_size=64)

    def value(name: str) -> int:
        at = measured[f"offsetof(mcontext_t, mc_{name})"]
        size = measured[f"sizeof(((mcontext_t *)0)->mc_{name})"]
        return int.from_bytes(data[at:at + size], "little")

    for name in names:
        assert value(name) == context.get(name), name
    assert {n: value(n) for n in ("onstack", "trapno", "err", "addr", "flags", "cs", "ss", "ds",
                                  "es", "fs", "gs", "rflags", "len", "fpformat", "ownedfp",
                                  "fsbase", "gsbase", "xfpustate", "xfpustate_len")} == {
        "onstack": 1, "trapno": 12, "err": 7, "addr": 0xABCDEF, "flags": 5, "cs": 0x43,
        "ss": 0x3B, "ds": 0x3B, "es": 0x3B, "fs": 0x13, "gs": 0x1B, "rflags": 0x202,
        "len": len(data), "fpformat": 0x10002, "ownedfp": 0x20002, "fsbase": 0x1234567000,
        "gsbase": 0x7654321000, "xfpustate": 0x7000, "xfpustate_len": 64}
    assert value("fpstate") == int.from_bytes(fpu.fpu_get(td), "little")


def thread() -> Thread:
    return Thread(Bare(), 100001, Context(64))


def test_siginfo_is_what_the_abi_declares() -> None:
    from bsdproc import abi

    layout = abi.target("freebsd", "amd64").struct("siginfo_t")
    data = signal.siginfo(KSigInfo(11, 2, errno=3, pid=4, uid=5, status=-6, addr=7, value=8,
                                   trapno=9))
    found = layout.unpack(data)
    assert [found[n] for n in ("si_signo", "si_code", "si_errno", "si_pid", "si_uid", "si_status",
                               "si_addr")] == [11, 2, 3, 4, 5, -6, 7]
    assert layout.get(data, "_reason._fault._trapno") == 9
    assert data[layout.field("si_value").offset] == 8
