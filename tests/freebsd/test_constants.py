"""Every constant of the headers is in an enum, with its value; unknown values survive."""

from __future__ import annotations

import re
from enum import Enum

import pytest

from bsdproc import abi
from bsdproc.freebsd import constants, surface
from bsdproc.freebsd.constants import (
    KernProc,
    LwpFlags,
    PtraceEvents,
    Request,
    Signal,
    WaitOptions,
    flags,
    known,
    names,
)

MACHINES = [machine for system, machine in abi.targets() if system == "freebsd"]

# What the measured headers have beside these interfaces.
ELSEWHERE = {
    "ELF program headers": r"PT_(?:NULL|LOAD|DYNAMIC|INTERP|NOTE|SHLIB|PHDR|TLS|LOOS|HIOS|LOPROC"
                           r"|HIPROC|LOSUNW|HISUNW|DUMP_DELTA|(?:SUNW|GNU_|ARM_|MIPS_|OPENBSD_).*)",
    "GNU's notes": r"NT_GNU_.*",
    "lengths and counts": r"(?!AT_)\w*LEN|KI_N\w*|KINFO_\w+_SIZE|PRARGSZ|PRFNAMESZ|NSIG"
                          r"|RLIM_NLIMITS|_SIG_WORDS|_SIG_MAXSIG|(?:MIN)?SIGSTKSZ|ARM_WR_MAX|EVFILT_SYSCOUNT"
                          r"|MAXLOGNAME|_NGREG",
    "names that are kept free": r"(?:P|TDF)_UNUSED\d+|P_MAGIC",
    "sigaction(2), sigaltstack(2), sigevent(3)": r"SA_\w+|SS_\w+|SIGEV_\w+|SIG_(?:BLOCK|UNBLOCK"
                                                 r"|SETMASK)",
    "sigfastblock(2)": r"SIGFASTBLOCK_\w+",
    "getpriority(2), getrusage(2)": r"PRIO_\w+|RUSAGE_\w+",
    "signal contexts": r"_MC_\w+|_REG_\w+|ARM64_CTX_\w+",
    "words of i386's struct reg, which has names for them": r"t[A-Z]{2,6}",
    "kern.lockf and vm.objects": r"KLOCKF_\w+|KVMO_\w+",
    "IPC": r"AT_IPC_\w+",
    "the processor's data in the kernel": r"PC_FREE[LN]",
    "the compiler's": r"__FreeBSD_version",
}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_constant_of_the_headers_is_reachable_with_its_value(machine: str) -> None:
    missing = {
        name: value
        for name, value in abi.target("freebsd", machine).constants.items()
        if surface.python(name, value) is None
        and not any(re.fullmatch(pattern, name) for pattern in ELSEWHERE.values())
    }
    assert not missing


def test_nothing_is_excused_that_is_there() -> None:
    """A name that an enum has is not also said to be elsewhere."""
    both = [
        name
        for machine in MACHINES
        for name, value in abi.target("freebsd", machine).constants.items()
        if any(re.fullmatch(pattern, name) for pattern in ELSEWHERE.values())
        and surface.python(name, value) is not None
    ]
    assert not both


def enums() -> list[type[Enum]]:
    return [
        kind for name in constants.__all__
        if isinstance(kind := getattr(constants, name), type) and issubclass(kind, Enum)
    ]


# Members of enums that the measured headers lack, with where they come from.
UNMEASURED = (
    r"P_(?:PID|PPID|PGID|SID|CID|UID|GID|ALL|LWPID|TASKID|PROJID|POOLID|JAILID|CTID|CPUID|PSETID)",
    r"WSTOPPED|WLINUXCLONE",
    r"VM_PROT_\w+",
    r"MNT_\w+",     # held against <sys/mount.h> in test_mounting
)


def test_every_member_has_the_value_of_the_headers() -> None:
    """Also those that a name of these interfaces was mistaken for another's."""
    measured = {machine: abi.target("freebsd", machine).constants for machine in MACHINES}
    wrong, unknown = [], []
    for kind in enums():
        for name, member in kind.__members__.items():
            values = {has[name] & (1 << 64) - 1 for has in measured.values() if name in has}
            if not values:
                unknown.append(name)
            elif values != {member.value & (1 << 64) - 1}:
                wrong.append((kind.__name__, name, member.value, values))
    assert not wrong
    assert not [name for name in unknown
                if not any(re.fullmatch(pattern, name) for pattern in UNMEASURED)]


def test_machine_requests_are_those_of_the_machine() -> None:
    for machine in MACHINES:
        has = abi.target("freebsd", machine).constants
        for other, kinds in constants.MACHINE_REQUESTS.items():
            for kind in kinds:
                for request in kind:
                    if machine == other:
                        assert has[request.name] == request
                    elif kind not in constants.MACHINE_REQUESTS[machine]:
                        assert request.name not in has


def test_unknown_numbers_stay_numbers() -> None:
    assert known(Signal, 9) is Signal.SIGKILL
    assert known(Signal, 100) == 100
    assert type(known(Signal, 100)) is int
    assert known(Request, 4711) == 4711


def test_unknown_bits_are_kept() -> None:
    events = flags(PtraceEvents, 0x4009)
    assert events.value == 0x4009
    assert PtraceEvents.PTRACE_EXEC in events
    assert PtraceEvents.PTRACE_FORK in events
    assert flags(LwpFlags, 0x80000000).value == 0x80000000
    assert (WaitOptions(0x100) | WaitOptions.WNOHANG).value == 0x101


def test_flags_by_name() -> None:
    assert names(LwpFlags, 0x18) == ("PL_FLAG_SCX", "PL_FLAG_EXEC")
    assert names(LwpFlags, 0x10008) == ("PL_FLAG_SCX", "0x10000")


def test_second_names_are_the_same_member() -> None:
    assert Signal["SIGIOT"] is Signal.SIGABRT
    assert Signal["SIGLWP"] is Signal.SIGTHR
    assert PtraceEvents["PTRACE_DEFAULT"] is PtraceEvents.PTRACE_EXEC
    assert KernProc(16).name == "KERN_PROC_INC_THREAD"
