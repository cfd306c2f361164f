"""Every constant of the headers is in an enum, with its value; unknown values survive."""

from __future__ import annotations

import re
from enum import Enum

import pytest
from tests.headers import header

from bsdproc import abi
from bsdproc.netbsd import constants, surface
from bsdproc.netbsd.constants import (
    LwpState,
    MountFlags,
    PaxFlags,
    PtraceEvents,
    Request,
    Signal,
    WaitOptions,
    flags,
    known,
    names,
)

MACHINES = [machine for system, machine in abi.targets() if system == "netbsd"]

# What the measured headers have beside these interfaces.
ELSEWHERE = {
    "ELF program headers": r"PT_(?:NULL|LOAD|DYNAMIC|INTERP|NOTE|SHLIB|PHDR|TLS|NUM|LOOS|HIOS"
                           r"|LOPROC|HIPROC|(?:GNU|MIPS|AARCH64|ARM)_\w+)",
    "lengths and counts": r"\w*LEN|KI_NGROUPS|KERN_FILESLOP|_?NSIG|RLIM_NLIMITS|(?:MIN)?SIGSTKSZ"
                          r"|_NG?REG(?:32)?|_NFREG|FP_QSIZE|XSAVE_ALIGN|_P_MAXIDTYPE|(?:KI_)?MAXLOGNAME",
    "strings": r"PT_(?:MACHDEP_)?STRINGS|PTRACE_BREAKPOINT|PROCFSMNT_BITS",
    "sigaction(2), sigaltstack(2), sigevent(3)": r"SA_\w+|SS_\w+|SIGEV_\w+|SIG_(?:BLOCK|UNBLOCK"
                                                 r"|SETMASK)",
    "getpriority(2), getrusage(2)": r"PRIO_\w+|RUSAGE_\w+",
    "signal contexts": r"_REG(?:32)?_\w+|_UC_\w+|_XRS_ID",
    "places in struct reg, which has names for them": r"_R_\w+|_X_\w+|_FPBASE|GPR_BASE|JB_PC"
                                                      r"|t[A-Z]{2,6}",
    "the compiler's": r"__NetBSD_Version__",
}


@pytest.mark.parametrize("machine", MACHINES)
def test_every_constant_of_the_headers_is_reachable_with_its_value(machine: str) -> None:
    missing = {
        name: value
        for name, value in abi.target("netbsd", machine).constants.items()
        if surface.python(name, value) is None
        and not any(re.fullmatch(pattern, name) for pattern in ELSEWHERE.values())
    }
    assert not missing


def test_nothing_is_excused_that_is_there() -> None:
    """A name that an enum has is not also said to be elsewhere."""
    both = [
        name
        for machine in MACHINES
        for name, value in abi.target("netbsd", machine).constants.items()
        if any(re.fullmatch(pattern, name) for pattern in ELSEWHERE.values())
        and surface.python(name, value) is not None
    ]
    assert not both


def enums() -> list[type[Enum]]:
    return [
        kind for name in constants.__all__
        if isinstance(kind := getattr(constants, name), type) and issubclass(kind, Enum)
    ]


def headers() -> dict[str, int]:
    """What the kernel's own headers have, which no program can include."""
    found = {
        name: int(value, 0)
        for file in ("fstypes.h", "file.h")
        for name, value in re.findall(r"#define\s+((?:MNT|DTYPE)_\w+)\s+(0x[0-9a-f]+|\d+)\b",
                                      header("netbsd", f"sys/{file}"))
    }
    types = re.search(r"enum vtype\s*\{ (.*?) \}", header("netbsd", "sys/vnode.h"))
    assert types is not None
    return found | opened() | {name: value for value, name in enumerate(types[1].split(", "))}


def opened() -> dict[str, int]:
    """F*: numbers, and names that stand for O_*."""
    text = header("netbsd", "sys/fcntl.h")
    numbers = {name: int(value, 16) for name, value in re.findall(
        r"#define\s+((?:O_|F)[A-Z_]+)\s+(0x[0-9a-f]{8})\b", text)}
    return numbers | {name: numbers[other] for name, other in re.findall(
        r"#define\s+(F[A-Z]+)\s+(O_[A-Z_]+)\b", text)}


UNMEASURED = r"MNT_\w+|DTYPE_\w+|F[A-Z]+|V(?:NON|REG|DIR|BLK|CHR|LNK|SOCK|FIFO|BAD)"


@pytest.mark.toolchain
def test_every_member_has_the_value_of_the_headers() -> None:
    """Also those that a name of these interfaces was mistaken for another's."""
    measured = {machine: abi.target("netbsd", machine).constants for machine in MACHINES}
    own = headers()
    low = (1 << 64) - 1
    wrong, unknown = [], []
    for kind in enums():
        for name, member in kind.__members__.items():
            values = {has[name] & low for has in measured.values() if name in has}
            if not values and name in own and re.fullmatch(UNMEASURED, name):
                values = {own[name]}
            if not values:
                unknown.append(name)
            elif member.value & low not in values:
                wrong.append((kind.__name__, name, member.value, values))
    assert not wrong
    assert not unknown


def test_machine_requests_are_those_of_the_machine() -> None:
    """Every machine has an order of its own, of which no name is missing."""
    for machine in MACHINES:
        has = abi.target("netbsd", machine).constants
        kind = constants.MACHINE_REQUESTS[machine]
        assert {request.name: request.value for request in kind} == {
            name: value for name, value in has.items()
            if name.startswith("PT_") and 32 <= value < 64 and name != "PT_FIRSTMACH"
        }
    assert set(constants.MACHINE_REQUESTS) == set(constants.MACHINE_BREAKPOINTS) == set(MACHINES)


def test_breakpoints_are_those_of_the_machine() -> None:
    for machine in MACHINES:
        has = abi.target("netbsd", machine).constants
        kind = constants.MACHINE_BREAKPOINTS[machine]
        assert {name: member.value for name, member in kind.__members__.items()} == {
            name: value for name, value in has.items()
            if re.fullmatch(r"PTRACE_BREAKPOINT_\w+", name)
        }


def test_unknown_numbers_stay_numbers() -> None:
    assert known(Signal, 9) is Signal.SIGKILL
    assert known(Signal, 40) == 40
    assert type(known(Signal, 40)) is int
    assert known(Request, 4711) == 4711
    assert known(LwpState, 6) == 6


def test_unknown_bits_are_kept() -> None:
    events = flags(PtraceEvents, 0x4009)
    assert events.value == 0x4009
    assert PtraceEvents.PTRACE_FORK in events
    assert PtraceEvents.PTRACE_VFORK not in events
    assert (WaitOptions(0x100) | WaitOptions.WNOHANG).value == 0x101
    assert PaxFlags(0x80 | 1).value == 0x81


def test_flags_by_name() -> None:
    assert names(PtraceEvents, 0x18) == ("PTRACE_LWP_CREATE", "PTRACE_LWP_EXIT")
    assert names(MountFlags, 0x1002000000000) == ("0x1002000000000",)


def test_second_names_are_the_same_member() -> None:
    assert Signal["SIGIOT"] is Signal.SIGABRT
    assert WaitOptions["WUNTRACED"] is WaitOptions.WSTOPPED
    assert constants.Limit["RLIMIT_VMEM"] is constants.Limit.RLIMIT_AS
